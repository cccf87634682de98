"""Puts right what a kill left half-made: one round looks at every run that nobody works on (R4.8).

A round is idempotent, and two at once do no harm. It starts nothing that a schedule, a person or an event has not asked for.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.input import keyset_from_paused_state
from prefect.input.actions import aread_flow_run_input
from prefect.states import Failed, Scheduled

from blocks.store.leases import Lease
from blocks.store.store import Store
from blueprint.records import RunRecord, RunState
from blueprint.requests import Request, RequestState
from flows.closing import close_run
from flows.creating import OPERATION as CREATE
from flows.forms import form_for
from flows.naming import mission_id_for
from flows.replying import wake
from flows.running import OPERATION as RUN_TASK
from flows.running import final_state

logger = logging.getLogger(__name__)

RESTARTS = 10
"""So often a run whose process died is started again; then it ends Failed with what is known."""
LOST_AFTER = timedelta(seconds=60)
"""A run that was handed to a worker and never claimed its lease for so long has no process."""
CRASH_SETTLES = timedelta(seconds=3)
"""A worker reports a crash twice, the second time about a second later; a restart in between would be undone."""


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """One round needs the store, Prefect, and the data directory for reports of runs that it closes."""

    store: Store
    client: PrefectClient
    home: Path

    async def round(self) -> int:
        """Mend everything once; gives how many runs were touched. 0 also when another reconciler is at it."""
        async with self.store.advisory_lock("reconcile") as is_ours:
            if not is_ours:
                return 0
            return await self._expire() + await self._dead() + await self._parked()

    async def lost(self) -> int:
        """Start again what a worker took and never began; to be called now and then, it asks Prefect for all such runs."""
        touched = 0
        for flow_run in await self._begun():
            if await self.store.leases.get(str(flow_run.id)) is None and _is_lost(flow_run):
                touched += await self._restart(flow_run, *_purpose(flow_run))
        return touched

    async def _expire(self) -> int:
        overdue = await self.store.requests.overdue()
        for request in overdue:
            await self.store.requests.close(request.run_id, request.key, RequestState.EXPIRED)
        return len(overdue)

    async def _dead(self) -> int:
        return sum([await self._mend_dead(lease) for lease in await self.store.leases.dead()])

    async def _mend_dead(self, lease: Lease) -> int:
        flow_run = await self._flow_run(lease.run_id)
        record = await self.store.runs.find_started(lease.run_id)
        if flow_run is None or flow_run.state is None:
            await self.store.leases.end(lease.run_id)
            return 1
        if record is not None and record.ended_at is not None:
            return await self._finish(flow_run, record, record.state, record.reason)
        if flow_run.state.is_cancelled() or flow_run.state.is_cancelling():
            return await self._cancelled(flow_run, record, lease)
        if record is None and flow_run.state.type in (StateType.COMPLETED, StateType.FAILED):
            await self.store.leases.end(lease.run_id)
            return 1
        return await self._restart(flow_run, lease.mission_id, lease.operation)

    async def _parked(self) -> int:
        return sum([await self._mend_parked(lease) for lease in await self.store.leases.parked()])

    async def _mend_parked(self, lease: Lease) -> int:
        flow_run = await self._flow_run(lease.run_id)
        record = await self.store.runs.find_started(lease.run_id)
        if flow_run is None or flow_run.state is None:
            await self.store.leases.end(lease.run_id)
            return 1
        if flow_run.state.is_paused():
            return await self._mend_wait(flow_run)
        if flow_run.state.is_cancelled() or flow_run.state.is_cancelling():
            return await self._cancelled(flow_run, record, lease)
        if flow_run.state.type is StateType.FAILED:
            return await self._unanswered(flow_run, record, lease)
        return await self._restart(flow_run, lease.mission_id, lease.operation)

    async def _mend_wait(self, flow_run: FlowRun) -> int:
        """A suspended run: wake it when its answer is stored, give it its form when that is missing."""
        assert flow_run.state is not None
        key = flow_run.state.state_details.pause_key
        request = await self.store.requests.get(str(flow_run.id), key) if key else None
        if request is None:
            return 0
        if request.answer is not None:
            return int(await wake(self.client, request))
        if await aread_flow_run_input(f"suspended-{key}-schema", flow_run_id=flow_run.id) is None:
            await self._give_form(flow_run, request)
            return 1
        return 0

    async def _give_form(self, flow_run: FlowRun, request: Request) -> None:
        mission = await self.store.missions.get(request.mission_id)
        if flow_run.state is not None:
            keyset = keyset_from_paused_state(flow_run.state)
            await form_for(request, mission.timezone).asave(keyset, flow_run_id=flow_run.id)

    async def _cancelled(self, flow_run: FlowRun, record: RunRecord | None, lease: Lease) -> int:
        for request in await self.store.requests.of_run(lease.run_id):
            await self.store.requests.close(lease.run_id, request.key, RequestState.CANCELLED)
        if record is not None:
            return await self._finish(flow_run, record, RunState.CANCELLED, "A person cancelled the run.")
        await self.store.leases.end(lease.run_id)
        return 1

    async def _unanswered(self, flow_run: FlowRun, record: RunRecord | None, lease: Lease) -> int:
        """Prefect's server failed a suspended run at its deadline: the last word is ours (R5.4)."""
        asked = [request for request in await self.store.requests.of_run(lease.run_id) if request.answer is None]
        for request in asked:
            await self.store.requests.close(lease.run_id, request.key, RequestState.EXPIRED)
        if record is None or not asked:
            await self.store.leases.end(lease.run_id)
            return 1
        reason = f"Nobody answered {asked[-1].title!r} by {asked[-1].deadline:%Y-%m-%d %H:%M} UTC."
        return await self._finish(flow_run, record, RunState.FAILED, reason)

    async def _finish(self, flow_run: FlowRun, record: RunRecord, state: RunState, reason: str) -> int:
        record = await close_run(self.store, self.home, record.id, state=state, reason=reason)
        if flow_run.state is None or not flow_run.state.is_final() or flow_run.state.type is StateType.CRASHED:
            await self.client.set_flow_run_state(flow_run.id, final_state(record), force=True)
        await self.store.leases.end(record.id)
        return 1

    async def _restart(self, flow_run: FlowRun, mission_id: str, operation: str) -> int:
        """Back to scheduled under the same id, unless it is there already or was too often."""
        state = flow_run.state
        assert state is not None
        age = datetime.now(UTC) - state.timestamp
        if state.is_scheduled() or (state.is_pending() and age < LOST_AFTER) or age < CRASH_SETTLES:
            return 0
        run_id = str(flow_run.id)
        restarts = await self.store.leases.put_back(run_id, mission_id=mission_id, operation=operation)
        if restarts > RESTARTS:
            return await self._give_up(flow_run)
        logger.warning("Run %s lost its process in state %s; starting it again (%s).", flow_run.id, state.name, restarts)
        await self.client.set_flow_run_state(flow_run.id, Scheduled(name="Resuming"))
        return 1

    async def _give_up(self, flow_run: FlowRun) -> int:
        reason = f"The run's process died {RESTARTS + 1} times; look at the worker's log."
        record = await self.store.runs.find_started(str(flow_run.id))
        if record is not None:
            return await self._finish(flow_run, record, RunState.FAILED, reason)
        await self.client.set_flow_run_state(flow_run.id, Failed(message=reason), force=True)
        await self.store.leases.end(str(flow_run.id))
        return 1

    async def _flow_run(self, run_id: str) -> FlowRun | None:
        try:
            return await self.client.read_flow_run(UUID(run_id))
        except ObjectNotFound:
            return None

    async def _begun(self) -> list[FlowRun]:
        types = [StateType.PENDING, StateType.RUNNING, StateType.CRASHED]
        wanted = {"tags": {"all_": ["missions"]}, "state": {"type": {"any_": types}}}
        return await self.client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), limit=200)


def _is_lost(flow_run: FlowRun) -> bool:
    """Whether a run without a lease has no process: a crash is known at once, silence only after a while."""
    state = flow_run.state
    if state is None:
        return False
    return datetime.now(UTC) - state.timestamp > (CRASH_SETTLES if state.is_crashed() else LOST_AFTER)


def _purpose(flow_run: FlowRun) -> tuple[str, str]:
    """Mission and operation of a run that has no lease to tell them."""
    mission = flow_run.parameters.get("mission")
    if mission is not None:
        return str(mission), RUN_TASK
    return mission_id_for(str(flow_run.parameters.get("goal", "")), str(flow_run.id)), CREATE

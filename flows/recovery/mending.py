"""Puts one run right on which no process works: it goes on, waits as it should, or ends with its report (R4.8)."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Failed, Running, Scheduled

from blocks.store.leases import Lease, LeaseState
from blocks.store.store import Store
from blueprint.audit import RestartsGivenUp
from blueprint.errors import Unreadable
from blueprint.records import RunRecord, RunState
from blueprint.requests import Request, RequestState
from flows.conversing.conversing import OPERATION as CONVERSE
from flows.conversing.conversing import ended_conversation
from flows.creation.creating import OPERATION as CREATE
from flows.creation.creating import ended_creation, failed_creation
from flows.people.forms import form_for
from flows.people.inputs import give_form, has_form
from flows.people.replying import wake
from flows.people.taking import take_form
from flows.people.telling import expired, unanswered
from flows.recovery.waiting import Wait, wait_of
from flows.reporting.making import OPERATION as REPORT
from flows.runs.closing import close_run, reason_of_cancellation, unbegun_run
from flows.runs.running import OPERATION as RUN_TASK
from flows.runs.running import final_state

logger = logging.getLogger(__name__)

RESTARTS = 10
"""So often a run whose process died is started again; then it ends Failed with what is known."""
BEGINS_WITHIN = timedelta(seconds=40)
"""So long a worker may take from accepting a run to the run's first sign of life; a machine under load is slow."""
CRASH_SETTLES = timedelta(seconds=3)
"""A worker reports a crash twice, the second time about a second later; a restart in between looks as if it had crashed."""
COMES_WITHIN = 20
"""Seconds. The second report may be much later; a run that was put back is not put back again for so long."""
CANCELLED = "A person cancelled the run."


@dataclass(frozen=True, kw_only=True)
class Mender:
    """Needs the store, Prefect, and the data directory for the reports of runs that it closes."""

    store: Store
    client: PrefectClient
    home: Path
    settled: set[Wait] = field(default_factory=set[Wait])
    """Waits that were found suspended with their form are added; see `Waits`."""

    async def mend(self, lease: Lease) -> bool:
        """Put right the run of a lease that is dead or parked; whether anything was done. Safe to do again, or twice at once."""
        record = await self.store.runs.find_started(lease.run_id)
        flow_run = await self._flow_run(lease.run_id)
        if flow_run is None or flow_run.state is None:
            return await self._deleted(lease, record)
        try:
            return await self._mend(flow_run, flow_run.state, lease, record)
        except Unreadable as error:
            return await self._fail(flow_run, lease.mission_id, lease.operation, record, str(error))

    async def _mend(self, flow_run: FlowRun, state: State, lease: Lease, record: RunRecord | None) -> bool:
        if record is not None and record.ended_at is not None:
            return await self._finish(flow_run, record, record.state, record.reason)
        if state.is_cancelled() or state.is_cancelling():
            return await self._cancelled(flow_run, state, lease, record)
        if lease.state is LeaseState.PARKED:
            return await self._parked(flow_run, state, lease, record)
        return await self._dead(flow_run, state, lease, record)

    async def show_end(self, flow_run: FlowRun, lease: Lease) -> bool:
        """Give a run that is over the final state that it ended with: somebody started it again by hand, and it died."""
        record = await self.store.runs.find_started(lease.run_id)
        if record is not None:
            return await self._finish(flow_run, record, record.state, record.reason)
        state: State = Cancelled(message="This run was over before it was started again.")
        if lease.operation == CREATE:
            state = await ended_creation(self.store, lease.mission_id, lease.run_id)
        elif lease.operation == CONVERSE:
            state = await ended_conversation(self.store, lease.mission_id, lease.run_id)
        await self.client.set_flow_run_state(flow_run.id, state, force=True)
        return True

    async def show_life(self, flow_run: FlowRun, state: State, lease: Lease) -> bool:
        """Take back a crash that was reported late, about the process before the one that works now."""
        if not (state.is_crashed() and lease.is_fresh and lease.beat_at > state.timestamp):
            return False
        await self.client.set_flow_run_state(flow_run.id, Running(), force=True)
        return True

    async def restart(self, flow_run: FlowRun, *, mission_id: str, operation: str) -> bool:
        """Back to scheduled under the same id, a bounded number of times."""
        run_id = str(flow_run.id)
        restarts = await self.store.leases.put_back(run_id, mission_id=mission_id, operation=operation, seconds=COMES_WITHIN)
        if restarts > RESTARTS:
            return await self._give_up(flow_run, mission_id, operation)
        was = flow_run.state.name if flow_run.state else "unknown"
        logger.warning("Run %s lost its process in state %s; it is started again (%s).", run_id, was, restarts)
        await self.client.set_flow_run_state(flow_run.id, Scheduled(name="Resuming"))
        return True

    async def _dead(self, flow_run: FlowRun, state: State, lease: Lease, record: RunRecord | None) -> bool:
        if record is None and (state.is_completed() or (state.is_failed() and not ends_by_us(lease.operation))):
            await self.store.leases.end(lease.run_id)
            return True
        if (lease.state is LeaseState.RELEASED and lease.is_fresh) or may_begin(state, lease):
            return False
        return await self.restart(flow_run, mission_id=lease.mission_id, operation=lease.operation)

    async def _parked(self, flow_run: FlowRun, state: State, lease: Lease, record: RunRecord | None) -> bool:
        requests = await self.store.requests.of_run(lease.run_id)
        if not state.is_paused():  # what came through the form counts from now, however long the run takes to come back
            requests = [await take_form(self.store, request) for request in requests]
        now = await self.store.now()
        if late := [request for request in requests if request.answer is None and _is_over(request, now)]:
            return await self._unanswered(flow_run, lease, record, late[-1])
        if state.is_paused():
            return await self._waiting(flow_run, state, lease)
        if lease.is_fresh or may_begin(state, lease):
            return False  # on its way into the wait, or out of it
        return await self.restart(flow_run, mission_id=lease.mission_id, operation=lease.operation)

    async def _waiting(self, flow_run: FlowRun, state: State, lease: Lease) -> bool:
        """A suspended run: wake it when its answer is stored; give it its form when that is missing, without which it stays."""
        key = state.state_details.pause_key
        request = await self.store.requests.get(str(flow_run.id), key) if key else None
        if request is None:
            return False
        if await wake(self.client, request):
            return True
        if wait_of(lease) in self.settled or abs(datetime.now(UTC) - state.timestamp) < CRASH_SETTLES:
            return False
        is_missing = not await has_form(self.client, flow_run.id, request.key)
        if is_missing:
            mission = await self.store.missions.get(request.mission_id)
            await give_form(self.client, flow_run.id, state, form_for(request, mission.timezone))
        if request.answer is None:
            self.settled.add(wait_of(lease))
        return is_missing

    async def _unanswered(self, flow_run: FlowRun, lease: Lease, record: RunRecord | None, request: Request) -> bool:
        """The last word is ours, whether or not Prefect's server has failed the suspended run already (R5.4)."""
        await self.store.requests.close(lease.run_id, request.key, RequestState.EXPIRED, message=expired(request))
        return await self._fail(flow_run, lease.mission_id, lease.operation, record, unanswered(request))

    async def _cancelled(self, flow_run: FlowRun, state: State, lease: Lease, record: RunRecord | None) -> bool:
        if record is not None:
            return await self._finish(flow_run, record, RunState.CANCELLED, reason_of_cancellation(record))
        for request in await self.store.requests.of_run(lease.run_id):
            await self.store.requests.close(lease.run_id, request.key, RequestState.CANCELLED)
        if not state.is_cancelled():
            await self.client.set_flow_run_state(flow_run.id, Cancelled(message=CANCELLED), force=True)
        await self.store.leases.end(lease.run_id)
        return True

    async def _deleted(self, lease: Lease, record: RunRecord | None) -> bool:
        if record is not None:
            reason = "The flow run was deleted in Prefect."
            await close_run(self.store, self.home, record.id, state=RunState.CANCELLED, reason=reason)
        await self.store.leases.end(lease.run_id)
        return True

    async def _give_up(self, flow_run: FlowRun, mission_id: str, operation: str) -> bool:
        reason = f"The run's process died {RESTARTS + 1} times; look at the worker's log."
        await self.store.audit.add_once(mission_id, RestartsGivenUp(run_id=str(flow_run.id), reason=reason))
        record = await self.store.runs.find_started(str(flow_run.id))
        return await self._fail(flow_run, mission_id, operation, record, reason)

    async def _finish(self, flow_run: FlowRun, record: RunRecord, state: RunState, reason: str) -> bool:
        record = await close_run(self.store, self.home, record.id, state=state, reason=reason)
        shown = final_state(record)
        is_shown = flow_run.state is not None and (flow_run.state.type, flow_run.state.message) == (shown.type, shown.message)
        if not is_shown:  # Prefect may have failed it too, in words that explain nothing
            await self.client.set_flow_run_state(flow_run.id, shown, force=True)
        await self.store.leases.end(record.id)
        return True

    async def _fail(self, flow_run: FlowRun, mission_id: str, operation: str, record: RunRecord | None, reason: str) -> bool:
        if record is not None:
            return await self._finish(flow_run, record, RunState.FAILED, reason)
        run_id = str(flow_run.id)
        if operation == CREATE:
            state = await failed_creation(self.store, mission_id, run_id, reason)
        elif operation in (CONVERSE, REPORT):
            state = Failed(message=reason)  # a conversation has told people already; a report asks nobody
        else:
            state = await unbegun_run(self.store, mission_id, run_id, reason)
        await self.store.requests.abandon(run_id)
        await self.client.set_flow_run_state(flow_run.id, state, force=True)
        await self.store.leases.end(run_id)
        return True

    async def _flow_run(self, run_id: str) -> FlowRun | None:
        try:
            return await self.client.read_flow_run(UUID(run_id))
        except ObjectNotFound:
            return None


def ends_by_us(operation: str) -> bool:
    """Whether runs of this operation end by a record or by ending their lease: one that only failed was cut off."""
    return operation in (RUN_TASK, CREATE, CONVERSE, REPORT)


def may_begin(state: State, lease: Lease | None) -> bool:
    """Whether a process that this state tells of may still be on its way to the run: it has not claimed the lease since.

    A state of the future is as old as it is far away: the clock was put back, and nobody is to wait until it has caught up.
    """
    age = abs(datetime.now(UTC) - state.timestamp)
    if state.is_scheduled():
        return True
    has_claimed = lease is not None and lease.beat_at > state.timestamp
    if state.is_pending() or (state.is_running() and not has_claimed):
        return age < BEGINS_WITHIN
    return age < CRASH_SETTLES


def _is_over(request: Request, now: datetime) -> bool:
    return request.state is RequestState.EXPIRED or request.deadline <= now

"""Puts right what a kill left half-made: one round looks at every run that nobody works on (R4.8).

A round is idempotent, and two at once do no harm. It starts nothing that a schedule, a person or an event has not asked for.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.errors import Unavailable
from blueprint.requests import RequestState
from deployments.present import PAGE, all_pages
from flows.creation.creating import OPERATION as CREATE
from flows.naming import mission_id_for
from flows.people.telling import expired, reminder
from flows.recovery.dependencies import Dependencies, Mark
from flows.recovery.mending import Mender, ends_by_us, may_begin
from flows.recovery.missing import Missing
from flows.recovery.turns import Turns, by_task
from flows.recovery.waiting import Wait, Waits
from flows.runs.running import OPERATION as RUN_TASK

logger = logging.getLogger(__name__)

FAILED_LATELY = timedelta(hours=6)
"""So far back is looked for runs that failed before they began; older ones are nobody's business any more."""

PUT_OFF_SECONDS = 30.0
"""A run that could not be mended is left alone for so long; the others are not kept waiting by it."""


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """One round needs the store, Prefect, and the data directory for reports of runs that it closes."""

    store: Store
    client: PrefectClient
    home: Path
    _put_off: dict[str, float] = field(default_factory=dict[str, float])
    _settled: set[Wait] = field(default_factory=set[Wait])
    _mark: Mark = field(default_factory=Mark)

    async def round(self) -> int:
        """Mend everything once; gives how many runs were touched. 0 also when another reconciler is at it."""
        async with self.store.advisory_lock("reconcile") as is_ours:
            if not is_ours:
                return 0
            mender = self._mender()
            waits = Waits(store=self.store, client=self.client, settled=self._settled)
            leases = [*await self.store.leases.dead(), *await waits.to_look_at()]
            touched = sum([await self._try(lease.run_id, partial(mender.mend, lease)) for lease in leases])
            touched += await self._start_rounds() + await self._take_turns()
            return touched + await self._expire() + await self._remind()

    async def lost(self) -> int:
        """Start again what a worker took and never began; to be called now and then, it asks Prefect for all such runs."""
        async with self.store.advisory_lock("reconcile") as is_ours:
            if not is_ours:
                return 0
            runs = [*await self._begun(), *await self._failed_unbegun()]
            found = sum([await self._try(str(run.id), partial(self._find, run)) for run in runs])
            turns, queue = self._turns(), await self.store.queue.all()
            return found + sum([await self._try(fire.run_id, partial(turns.tidy, fire)) for fire in queue])

    async def account(self) -> int:
        """Put on record which fires of timers never came; to be called at the start, and every few minutes."""
        async with self.store.advisory_lock("reconcile") as is_ours:
            missing = Missing(store=self.store, client=self.client)
            missions = await self.store.timers.missions() if is_ours else []
            return sum([await self._try(mission, partial(missing.look, mission)) for mission in missions])

    async def _find(self, flow_run: FlowRun) -> bool:
        lease = await self.store.leases.get(str(flow_run.id))
        if flow_run.state is not None and lease is not None and lease.state is LeaseState.HELD:
            return await self._mender().show_life(flow_run, flow_run.state, lease)
        if flow_run.state is None or may_begin(flow_run.state, lease):
            return False
        if lease is None or lease.state is LeaseState.QUEUED:  # it was on its way to the gate
            mission_id, operation = _purpose(flow_run)
            return await self._mender().restart(flow_run, mission_id=mission_id, operation=operation)
        if lease.state is LeaseState.ENDED:
            return await self._mender().show_end(flow_run, lease)
        return False

    async def _start_rounds(self) -> int:
        """Count the ends of runs, where there are new ones, and start what is due by them."""
        rounds, dependencies = self.store.rounds, Dependencies(store=self.store, client=self.client)
        if (place := await rounds.last_place()) != self._mark.place:
            missions = await rounds.to_count(self._mark.place)
            counted = [await self._try(mission, partial(dependencies.count, mission)) for mission in missions]
            self._mark.place = place if all(counted) else self._mark.place
        unsettled = await rounds.unsettled()
        keyed = [(f"round {one.round.id} of {one.mission_id}/{one.task}", one) for one in unsettled]
        return sum([await self._try(key, partial(dependencies.settle, one)) for key, one in keyed])

    async def _take_turns(self) -> int:
        """Let the queues of busy Tasks go on, each for itself."""
        turns, queue = self._turns(), await self.store.queue.all()
        left = sum([await self._try(fire.run_id, partial(turns.tidy, fire)) for fire in await turns.cancelled(queue)])
        taken = [await self._try("/".join(key), partial(turns.take, key, fires)) for key, fires in by_task(queue).items()]
        return left + sum(taken)

    async def _expire(self) -> int:
        """Close what nobody answered, also where the run's process has not come to its wait."""
        overdue = await self.store.requests.overdue()
        for request in overdue:
            await self.store.requests.close(request.run_id, request.key, RequestState.EXPIRED, message=expired(request))
        return len(overdue)

    async def _remind(self) -> int:
        """Write what people are to be reminded of; each reminder once, however often everything starts anew (R5.4)."""
        due = await self.store.reminders.due()
        for request, which in due:
            await self.store.messages.add(reminder(request, which))
        return len(due)

    async def _try(self, run_id: str, mend: Callable[[], Awaitable[bool]]) -> bool:
        """One run that can't be mended must not keep the others from it; a store that is away stops the round."""
        if self._put_off.get(run_id, 0) > monotonic():
            return False
        try:
            return await mend()
        except Unavailable:
            raise
        except Exception:
            logger.exception("Run %s could not be put right; it is looked at again in %.0f s.", run_id, PUT_OFF_SECONDS)
            self._put_off[run_id] = monotonic() + PUT_OFF_SECONDS
            return False

    def _turns(self) -> Turns:
        return Turns(store=self.store, client=self.client, mender=self._mender())

    def _mender(self) -> Mender:
        return Mender(store=self.store, client=self.client, home=self.home, settled=self._settled)

    async def _begun(self) -> list[FlowRun]:
        types = [StateType.PENDING, StateType.RUNNING, StateType.CRASHED]
        begun = FlowRunFilter.model_validate({"tags": {"all_": ["missions"]}, "state": {"type": {"any_": types}}})
        return await all_pages(
            lambda offset: self.client.read_flow_runs(flow_run_filter=begun, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset)
        )

    async def _failed_unbegun(self) -> list[FlowRun]:
        """Runs that Prefect lately called Failed and that never came to their lease: the store was away, for example."""
        since = datetime.now(UTC) - FAILED_LATELY
        wanted = {"tags": {"all_": ["missions"]}, "state": {"type": {"any_": [StateType.FAILED]}}, "end_time": {"after_": since}}
        failed = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(wanted), sort=FlowRunSort.END_TIME_DESC, limit=200
        )
        ours = [run for run in failed if ends_by_us(_purpose(run)[1]) and not _has_unfit_parameters(run)]
        known = await self.store.leases.known([str(run.id) for run in ours])
        return [run for run in ours if str(run.id) not in known]


def _has_unfit_parameters(flow_run: FlowRun) -> bool:
    """Whether Prefect itself refused the run: it would do so each time."""
    return flow_run.state is not None and (flow_run.state.message or "").startswith("Validation of flow parameters failed")


def _purpose(flow_run: FlowRun) -> tuple[str, str]:
    """Mission and operation of a run that has no lease to tell them."""
    run_id, parameters = str(flow_run.id), flow_run.parameters
    if "mission" in parameters and "task" in parameters:
        return str(parameters["mission"]), RUN_TASK
    if "goal" in parameters:
        return mission_id_for(str(parameters["goal"]), run_id), CREATE
    return "", "other"

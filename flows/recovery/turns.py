"""Lets the queue of busy Tasks go on: calls those whose turn has come, cancels runs that newer ones replace (R2.8)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.admission import Skip, skip
from blueprint.records import QueuedFire, Refusal, RunRecord
from blueprint.turns import take_turns
from flows.recovery.mending import Mender, may_begin
from flows.runs.admitting import refused
from flows.runs.queueing import call, is_queued
from flows.runs.running import OPERATION

logger = logging.getLogger(__name__)

_AT_ONCE = 200
"""So many flow runs Prefect's server lists at once."""

TaskKey = tuple[str, str]
"""Mission and Task."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Needs the store, Prefect, and who starts again what crashed; may be stopped anywhere, and done again or twice at once."""

    store: Store
    client: PrefectClient
    mender: Mender

    async def take(self, key: TaskKey, queue: list[QueuedFire]) -> bool:
        """Let the queue of one Task go on; whether anything was done."""
        mission = await self.store.missions.get(key[0])
        plan = await self.store.plans.get(mission.id, mission.plan_version) if mission.plan_version else None
        task = plan.task(key[1]) if plan else None
        if task is None:  # nobody would start a run without a deployment
            gone = skip(Refusal.NOT_IN_PLAN, what=f"Task {key[1]!r}", version=mission.plan_version)
            return any([await self._drop(fire, gone) for fire in queue])
        turns = take_turns(task.strategy, await self.store.runs.at_work(*key), queue)
        newest = queue[-1].run_id
        replaced = skip(Refusal.REPLACED, task=task.name, other=newest)
        dropped = [await self._drop(fire, replaced) for fire in turns.drop]
        cancelled = [await self._cancel(run, newest) for run in turns.cancel]
        return any([*dropped, *cancelled, *[await self._start(fire) for fire in turns.start]])

    async def cancelled(self, queue: Sequence[QueuedFire]) -> list[QueuedFire]:
        """Those that people have cancelled while they waited: a question or two for all of them."""
        found = set[str]()
        for start in range(0, len(queue), _AT_ONCE):
            ids = [fire.run_id for fire in queue[start : start + _AT_ONCE]]
            wanted = {"id": {"any_": ids}, "state": {"type": {"any_": [StateType.CANCELLING, StateType.CANCELLED]}}}
            which = FlowRunFilter.model_validate(wanted)
            found |= {str(run.id) for run in await self.client.read_flow_runs(flow_run_filter=which, limit=_AT_ONCE)}
        return [fire for fire in queue if fire.run_id in found]

    async def tidy(self, fire: QueuedFire) -> bool:
        """Take it out of the queue when its run was cancelled or deleted, began, or can't begin."""
        flow_run = await self._flow_run(fire.run_id)
        return await self._gone(fire, flow_run) if _is_over(flow_run) else False

    async def _start(self, fire: QueuedFire) -> bool:
        flow_run = await self._flow_run(fire.run_id)
        if flow_run is None or flow_run.state is None or _is_over(flow_run):
            return await self._gone(fire, flow_run)
        if not is_queued(flow_run.state):
            return False  # on its way to the gate, from it or into the queue
        await call(self.client, fire.run_id)
        return True

    async def _cancel(self, run: RunRecord, by: str) -> bool:
        flow_run = await self._flow_run(run.id)
        if flow_run is None or _is_over(flow_run):
            return False
        await self.store.runs.replace(run.id, by)
        await self.client.set_flow_run_state(flow_run.id, Cancelling(message=f"Run {by} came later and takes its place."))
        logger.info("Run %s is cancelled for the newer run %s.", run.id, by)
        return True

    async def _drop(self, fire: QueuedFire, why: Skip) -> bool:
        flow_run = await self._flow_run(fire.run_id)
        if flow_run is not None and flow_run.state is not None and not is_queued(flow_run.state):
            return False  # it may be passing the gate just now
        if flow_run is not None:
            await self.client.set_flow_run_state(flow_run.id, Cancelled(message=why.reason), force=True)
        await self.store.fires.add(refused(fire, why, await self.store.now()))
        await self.store.leases.end(fire.run_id)
        return True

    async def _gone(self, fire: QueuedFire, flow_run: FlowRun | None) -> bool:
        """The flow run is over, in one way or another, and the fire is in the queue still."""
        lease = await self.store.leases.get(fire.run_id)
        if await self.store.runs.find_started(fire.run_id) or (lease is not None and lease.state is LeaseState.ENDED):
            await self.store.queue.leave([fire.run_id])
            return True
        if lease is not None and lease.state is not LeaseState.QUEUED:
            return False  # a process has it, or had it and died: not ours to end
        state = flow_run.state if flow_run else None
        if flow_run and state and not (state.is_cancelled() or state.is_cancelling()):  # crashed on its way to the gate
            is_settled = not may_begin(state, lease)
            return is_settled and await self.mender.restart(flow_run, mission_id=fire.mission_id, operation=OPERATION)
        return await self._cancelled(fire, flow_run)

    async def _cancelled(self, fire: QueuedFire, flow_run: FlowRun | None) -> bool:
        """By a person; no process is there to end it."""
        why = skip(Refusal.GONE, what="cancelled" if flow_run else "deleted")
        if flow_run and flow_run.state and not flow_run.state.is_final():
            await self.client.set_flow_run_state(flow_run.id, Cancelled(message=why.reason), force=True)
        await self.store.fires.add(refused(fire, why, await self.store.now()))
        await self.store.leases.end(fire.run_id)
        return True

    async def _flow_run(self, run_id: str) -> FlowRun | None:
        try:
            return await self.client.read_flow_run(UUID(run_id))
        except ObjectNotFound:
            return None


def _is_over(flow_run: FlowRun | None) -> bool:
    """Whether the run will not come to the gate by itself any more."""
    return flow_run is None or flow_run.state is None or flow_run.state.is_final() or flow_run.state.is_cancelling()


def by_task(queue: Sequence[QueuedFire]) -> dict[TaskKey, list[QueuedFire]]:
    """The queue of each Task, in the order in which its fires came."""
    return {key: list(fires) for key, fires in groupby(sorted(queue, key=_task_of), key=_task_of)}  # the sort is stable


def _task_of(fire: QueuedFire) -> TaskKey:
    return fire.mission_id, fire.task

"""The first thing that a new run does: ask the gate, and record the answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from prefect.client.schemas.objects import FlowRun

from blocks.store.store import Store
from blueprint.admission import EarlierFire, Fire, Go, Queue, Skip, admit, looks_back
from blueprint.errors import Unavailable
from blueprint.mission import Mission
from blueprint.occasion import EventGiven
from blueprint.plan import Blueprint
from blueprint.records import FireRecord, QueuedFire, RunRecord, RunState, StartedBy
from deployments.spec import ONCE_TAG

GATE_SECONDS = 30
"""How long a run waits for other runs of the same Task that are at the gate."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a flow run was started with."""

    mission: str
    task: str
    event: EventGiven | None = None
    round: str = ""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A run that may work, with the Mission and the plan version that it belongs to."""

    record: RunRecord
    mission: Mission
    plan: Blueprint


async def enter(store: Store, flow_run: FlowRun, wish: Wish) -> Admitted | Queue | Skip:
    """Pass the gate. A run that is in progress always goes on, with the plan that it started with."""
    record = await store.runs.find_started(str(flow_run.id))
    if record is None:
        decision = await _ask_gate(store, flow_run, wish)
        if isinstance(decision, Queue | Skip):
            return decision
        record = decision
    mission = await store.missions.get(wish.mission)
    plan = await store.plans.get(wish.mission, record.plan_version)
    return Admitted(record=record, mission=mission, plan=plan)


async def _ask_gate(store: Store, flow_run: FlowRun, wish: Wish) -> RunRecord | Queue | Skip:
    """One run of a Task at a time, so that two that come together do not both count the other as absent."""
    give_up = monotonic() + GATE_SECONDS
    while monotonic() < give_up:
        async with store.advisory_lock(f"gate:{wish.mission}:{wish.task}") as is_ours:
            if is_ours:
                return await _decide(store, flow_run, wish)
        await asyncio.sleep(0.1)
    raise Unavailable(f"Other runs of Task {wish.task!r} stood at the gate for over {GATE_SECONDS} s; run it again.")


async def _decide(store: Store, flow_run: FlowRun, wish: Wish) -> RunRecord | Queue | Skip:
    mission = await store.missions.get(wish.mission)
    plan = await store.plans.get(wish.mission, mission.plan_version) if mission.plan_version else None
    now = await store.now()
    came = _as_it_came(flow_run, wish, now)
    fire = await _with_others(store, came, mission, plan, now)
    match admit(fire, mission, plan, now):
        case Go(plan_version=version):
            await store.missions.touch(mission.id, now)
            return await store.runs.start(_record(came, version, now))
        case Queue() as queue:
            await store.queue.join(came)
            return queue
        case Skip() as skip:
            await store.fires.add(refused(came, skip, now))
            return skip


def _as_it_came(flow_run: FlowRun, wish: Wish, now: datetime) -> QueuedFire:
    """The fire with all that is to be kept of it."""
    return QueuedFire(
        run_id=str(flow_run.id),
        mission_id=wish.mission,
        task=wish.task,
        started_by=started_by(flow_run, wish),
        scheduled_for=_plain(flow_run.expected_start_time or now),
        event=wish.event.model_copy(update={"payload": None}) if wish.event else None,
        round=wish.round,
        at=now,
    )


def _plain(at: datetime) -> datetime:
    """Prefect's times are of a kind of their own, which can't be compared with times of the wall clock."""
    return datetime.fromisoformat(at.isoformat())


async def _with_others(store: Store, came: QueuedFire, mission: Mission, plan: Blueprint | None, now: datetime) -> Fire:
    """The fire beside what else there is of its Task: runs, and fires that wait for their turn."""
    task = plan.task(came.task) if plan else None
    since = looks_back(task, (plan.timezone if plan else "") or mission.timezone, now) if task else now
    occasion = came.event.id if came.event else came.round
    runs = [run for run in await store.runs.recent(mission.id, came.task, since, occasion) if run.id != came.run_id]
    queue = await store.queue.of_task(mission.id, came.task)
    ids = [fire.run_id for fire in queue]
    fire = Fire(task=came.task, started_by=came.started_by, scheduled_for=came.scheduled_for, event=came.event, round=came.round)
    return replace(
        fire,
        upstream=await store.rounds.get(mission.id, came.task, came.round) if came.round else None,
        recent=_let_through(runs, [one for one in queue if one.run_id != came.run_id]),
        running=sum(run.state is RunState.RUNNING for run in runs),
        ahead=ids.index(came.run_id) if came.run_id in ids else len(ids),
        is_queued=came.run_id in ids,
    )


def _let_through(runs: Sequence[RunRecord], queue: Sequence[QueuedFire]) -> list[EarlierFire]:
    began = [
        EarlierFire(
            run_id=run.id,
            started_by=run.started_by,
            at=run.started_at,
            event=run.event,
            round=run.round,
            is_over=run.state is not RunState.RUNNING,
        )
        for run in runs
    ]
    waiting = [
        EarlierFire(run_id=one.run_id, started_by=one.started_by, at=one.at, event=one.event, round=one.round) for one in queue
    ]
    return [*began, *waiting]


def started_by(flow_run: FlowRun, wish: Wish) -> StartedBy:
    """What made Prefect create this run: a schedule, a time, an event, a round of other Tasks, or a person."""
    if flow_run.auto_scheduled:
        return StartedBy.CRON
    if ONCE_TAG in flow_run.tags:
        return StartedBy.ONCE
    if wish.event is not None or (flow_run.created_by and flow_run.created_by.type == "AUTOMATION"):
        return StartedBy.EVENT
    return StartedBy.DEPENDENCY if wish.round else StartedBy.MANUAL


def refused(fire: QueuedFire, skip: Skip, now: datetime) -> FireRecord:
    """The record of a fire that does not become a run."""
    return FireRecord(
        mission_id=fire.mission_id,
        task=fire.task,
        run_id=fire.run_id,
        scheduled_for=fire.scheduled_for,
        at=now,
        reason=skip.reason,
        refusal=skip.refusal,
        started_by=fire.started_by,
    )


def _record(fire: QueuedFire, version: int, now: datetime) -> RunRecord:
    return RunRecord(
        id=fire.run_id,
        mission_id=fire.mission_id,
        task=fire.task,
        plan_version=version,
        started_by=fire.started_by,
        scheduled_for=fire.scheduled_for,
        event=fire.event,
        round=fire.round,
        started_at=now,
    )

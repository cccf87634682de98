"""The first thing that a new run does: ask the gate, and record the answer."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from prefect.client.schemas.objects import FlowRun

from blocks.store.store import Store
from blueprint.admission import Fire, Go, Skip, admit
from blueprint.errors import Unavailable
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.records import FireRecord, RunRecord, StartedBy

GATE_SECONDS = 30
"""How long a run waits for other runs of the same Task that are at the gate."""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A run that may work, with the Mission and the plan version that it belongs to."""

    record: RunRecord
    mission: Mission
    plan: Blueprint


async def enter(store: Store, flow_run: FlowRun, mission_id: str, task: str) -> Admitted | Skip:
    """Pass the gate. A run that is in progress always goes on, with the plan that it started with."""
    record = await store.runs.find_started(str(flow_run.id))
    if record is None:
        decision = await _ask_gate(store, flow_run, mission_id, task)
        if isinstance(decision, Skip):
            return decision
        record = decision
    mission = await store.missions.get(mission_id)
    plan = await store.plans.get(mission_id, record.plan_version)
    return Admitted(record=record, mission=mission, plan=plan)


async def _ask_gate(store: Store, flow_run: FlowRun, mission_id: str, task: str) -> RunRecord | Skip:
    """One run of a Task at a time, so that two that come together do not both count the other as absent."""
    give_up = monotonic() + GATE_SECONDS
    while monotonic() < give_up:
        async with store.advisory_lock(f"gate:{mission_id}:{task}") as is_ours:
            if is_ours:
                return await _decide(store, flow_run, mission_id, task)
        await asyncio.sleep(0.1)
    raise Unavailable(f"Other runs of Task {task!r} stood at the gate for over {GATE_SECONDS} s; run it again.")


async def _decide(store: Store, flow_run: FlowRun, mission_id: str, task: str) -> RunRecord | Skip:
    mission = await store.missions.get(mission_id)
    plan = await store.plans.get(mission_id, mission.plan_version) if mission.plan_version else None
    now = await store.now()
    fire = Fire(
        task=task,
        started_by=started_by(flow_run),
        scheduled_for=flow_run.expected_start_time or now,
        running=await store.runs.running(mission_id, task, other_than=str(flow_run.id)),
    )
    match admit(fire, mission, plan, now):
        case Go(plan_version=version):
            await store.missions.touch(mission_id, now)
            return await store.runs.start(_record(flow_run, mission_id, fire, version, now))
        case Skip() as skip:
            await store.fires.add(_fire_record(flow_run, mission_id, fire, skip, now))
            return skip


def started_by(flow_run: FlowRun) -> StartedBy:
    """What made Prefect create this run: a schedule, an automation, or a person."""
    if flow_run.auto_scheduled:
        return StartedBy.CRON
    if flow_run.created_by and flow_run.created_by.type == "AUTOMATION":
        return StartedBy.EVENT
    return StartedBy.MANUAL


def _record(flow_run: FlowRun, mission_id: str, fire: Fire, version: int, now: datetime) -> RunRecord:
    return RunRecord(
        id=str(flow_run.id),
        mission_id=mission_id,
        task=fire.task,
        plan_version=version,
        started_by=fire.started_by,
        scheduled_for=fire.scheduled_for,
        started_at=now,
    )


def _fire_record(flow_run: FlowRun, mission_id: str, fire: Fire, skip: Skip, now: datetime) -> FireRecord:
    return FireRecord(
        mission_id=mission_id,
        task=fire.task,
        run_id=str(flow_run.id),
        scheduled_for=fire.scheduled_for,
        at=now,
        reason=skip.reason,
    )

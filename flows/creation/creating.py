"""One execution of a Mission's creation: lease, planning, and the state that Prefect shows in the end."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.errors import InvalidInput, MissionsError, UnknownName
from blueprint.mission import Mission
from blueprint.values import known_timezone
from flows.creation.plan_file import read_plan
from flows.creation.planner import open_planner
from flows.creation.planning import Planning, plan_mission
from flows.creation.surroundings import look_around
from flows.naming import mission_id_for
from flows.opening import open_store
from flows.people.telling import failed, failure_id
from flows.runs.lease import Lease, held_lease, is_last_word
from flows.runs.running import is_cancelled, present_flow_run
from flows.settings import RunSettings

OPERATION = "create"
"""What leases of creations are held for."""

TITLE_CHARS = 80
"""So much of the goal's first line stands for the Mission until its plan names it."""


@dataclass(frozen=True, kw_only=True)
class Commission:
    """What a person wants: a goal to be planned, or a plan, as YAML, that was written for it."""

    goal: str
    timezone: str
    employee: str
    plan: str = ""


async def create_to_end(wanted: Commission) -> State:
    """Begin, or go on with, the creation that this process executes; gives its final state with a sentence."""
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    run_id = str(present_flow_run().id)
    mission_id = mission_id_for(wanted.goal, run_id)
    async with open_store() as store:
        known = await store.leases.get(run_id)
        if known is not None and known.state is LeaseState.ENDED:
            return await ended_creation(store, mission_id, run_id)
        async with held_lease(
            store, run_id=run_id, mission_id=mission_id, operation=OPERATION, seconds=settings.lease_seconds
        ) as lease:
            state = await _outcome(lease, settings, mission_id, wanted)
            await lease.beat()
            await store.leases.end(run_id)
            return state


async def ended_creation(store: Store, mission_id: str, run_id: str) -> State:
    """How a creation ended that is over by its lease, for a process that comes to it again."""
    for message in await store.messages.list(mission_id=mission_id):
        if message.id == failure_id(run_id):
            return Failed(message=message.body)
    mission = await store.missions.get(mission_id)
    return Completed(message=f"This creation is over; Mission {mission_id} is {mission.state}.")


async def _outcome(lease: Lease, settings: RunSettings, mission_id: str, wanted: Commission) -> State:
    try:
        return Completed(message=await _create(lease, settings, wanted))
    except MissionsError as error:
        if not is_last_word(error):
            raise
        return await failed_creation(lease.store, mission_id, lease.run_id, str(error))
    except asyncio.CancelledError:
        if not await is_cancelled(lease.run_id):
            raise
        return Cancelled(message="A person cancelled the creation; the Mission stays a Draft.")


async def failed_creation(store: Store, mission_id: str, run_id: str, reason: str) -> State:
    """Tell people in the inbox that no Mission came of the goal, and why; gives the state that says so."""
    has_plan = await store.plans.latest(mission_id) is not None
    title = "A Mission stays a Draft" if has_plan else "A Mission could not be planned"
    await store.messages.add(failed(mission_id, run_id, title, reason))
    return Failed(message=reason)


async def _create(lease: Lease, settings: RunSettings, wanted: Commission) -> str:
    given = read_plan(wanted.plan) if wanted.plan.strip() else None
    employee = await (await load_block(DigitalEmployee, wanted.employee)).employee()
    seen = await look_around(employee, settings)
    mission = await _own_mission(lease.store, lease.run_id, wanted)
    async with open_planner(lease, settings, mission, employee) as planner:
        planning = Planning(
            lease=lease,
            people=planner.people,
            mission=mission,
            employee=employee,
            model=planner.model,
            seen=seen,
            given=given,
        )
        return await plan_mission(planning)


def _draft(run_id: str, wanted: Commission) -> Mission:
    now = datetime.now(UTC)
    try:
        known_timezone(wanted.timezone)
    except ValueError as error:
        raise InvalidInput(f"{error}.") from error
    return Mission(
        id=mission_id_for(wanted.goal, run_id),
        title=_title(wanted.goal),
        goal=wanted.goal,
        timezone=wanted.timezone or "UTC",
        employee=wanted.employee,
        created_at=now,
        active_at=now,
    )


def _title(goal: str) -> str:
    line = goal.strip().splitlines()[0]
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1]}…"


async def _own_mission(store: Store, run_id: str, wanted: Commission) -> Mission:
    """The Mission that this run makes: as an earlier execution left it, or new."""
    try:
        return await store.missions.get(mission_id_for(wanted.goal, run_id))
    except UnknownName:
        mission = _draft(run_id, wanted)
        await store.missions.add(mission)
        return mission

"""Makes the page on which people decide about a plan, of all that is known: tools, past runs, the version before (R2.4)."""

from datetime import UTC, datetime

from blocks.store.store import Store
from blueprint.connections import Employee
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from flows.artifacts import keep_page
from flows.creation.surroundings import Seen
from flows.lifecycle.sole_change import sole_change
from flows.naming import plan_key
from flows.runs.risk import policies
from reports.load import Experience, Prices, experience
from reports.review import review_page

PAST_RUNS = 20
"""So many runs of each Task are learnt from."""


async def plan_page(store: Store, mission: Mission, version: int, plan: Blueprint, *, employee: Employee, seen: Seen) -> str:
    """The page of one version of a Mission's plan, compared with the version that it would replace, if any."""
    return review_page(
        mission=mission,
        plan=plan,
        version=version,
        now=datetime.now(UTC),
        checks=seen.verify(plan, is_in_force=mission.plan_digest == plan.digest),
        policies=policies(employee),
        tools={tool.full_name: tool.traits for tool in seen.listing.tools},
        past=await _past(store, mission.id, plan),
        prices=Prices(
            million_input=employee.model.price_per_million_input, million_output=employee.model.price_per_million_output
        ),
        earlier=await earlier_plan(store, mission, version),
    )


async def show_in_force(store: Store, mission_id: str, *, employee: Employee, seen: Seen, flow_run_id: str | None = None) -> None:
    """Make the console's page of the plan the one of the plan that is in force now (R6.6)."""
    async with sole_change(store, mission_id):  # no deletion begins meanwhile
        mission = await store.missions.get(mission_id)
        if mission.state is MissionState.DELETED or mission.plan_version is None:
            return
        plan = await store.plans.get(mission.id, mission.plan_version)
        page = await plan_page(store, mission, mission.plan_version, plan, employee=employee, seen=seen)
        described = f"Plan in force, version {mission.plan_version}"
        await keep_page(key=plan_key(mission.id), description=described, page=page, flow_run_id=flow_run_id)


async def earlier_plan(store: Store, mission: Mission, version: int) -> tuple[int, Blueprint] | None:
    """What a version is to replace: the one in force, before a launch the one shown before; None for the one in force."""
    if mission.plan_version == version:
        return None
    earlier = mission.plan_version or version - 1
    return (earlier, await store.plans.get(mission.id, earlier)) if earlier else None


async def _past(store: Store, mission_id: str, plan: Blueprint) -> dict[str, Experience]:
    found = {task.name: experience(await store.runs.list(mission_id, task.name, limit=PAST_RUNS)) for task in plan.tasks}
    return {name: known for name, known in found.items() if known is not None}

"""Chooses the version of a plan that is meant, verifies it against what is connected, and puts it in force (R2.3, R3.7)."""

from datetime import UTC, datetime

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.store.store import Store
from blueprint.connections import Employee
from blueprint.errors import InvalidInput
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.validation import problems_of
from flows.creation.launching import launch_plan
from flows.creation.page import show_in_force
from flows.creation.surroundings import Seen, look_around
from flows.settings import RunSettings


async def chosen_plan(store: Store, mission: Mission, version: int | None) -> tuple[int, Blueprint]:
    """A version of a Mission's plan with its number; without one that in force, else the latest. InvalidInput without any."""
    wanted = version if version is not None else mission.plan_version
    if wanted is not None:
        return wanted, await store.plans.get(mission.id, wanted)
    latest = await store.plans.latest(mission.id)
    if latest is None:
        raise InvalidInput(f"Mission {mission.id!r} has no plan yet; see `missions show {mission.id}`.")
    return latest


async def found_problems(mission: Mission, plan: Blueprint) -> list[Problem]:
    """What verification finds wrong with the plan right now (R2.3)."""
    _, seen = await _around(mission)
    return problems_of(seen.verify(plan))


async def launch_version(store: Store, mission: Mission, *, version: int | None, by: str) -> int:
    """Verify a version, without one that in force or the latest, and put it in force; gives its number.

    One older than that in force comes back as a new version, so that each time that a plan came into force has its own
    number, confirmation and date (R3.7). Errors are those of `launch_plan`.
    """
    number, plan = await chosen_plan(store, mission, version)
    employee, seen = await _around(mission)
    problems = problems_of(seen.verify(plan))
    if mission.plan_version is not None and number < mission.plan_version:
        number = await store.plans.add(mission.id, plan, datetime.now(UTC))
    await launch_plan(store, mission.id, version=number, digest=plan.digest, by=by, problems=problems)
    await show_in_force(store, mission.id, employee=employee, seen=seen)
    return number


async def _around(mission: Mission) -> tuple[Employee, Seen]:
    """Who works on the Mission, and what is connected right now."""
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    return employee, await look_around(employee, settings)

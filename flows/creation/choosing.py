"""Chooses the version of a plan that is meant, verifies it against what is connected, and puts it in force (R2.3, R3.7)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.store.store import Store
from blueprint.connections import Employee
from blueprint.errors import InvalidInput
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.proposals import draft_version
from blueprint.requests import Answer, Decision, Request, ReviewQuestion
from blueprint.validation import problems_of
from flows.creation.launching import launch_plan
from flows.creation.page import show_in_force
from flows.creation.surroundings import Seen, look_around
from flows.settings import RunSettings


async def chosen_plan(store: Store, mission: Mission, version: int | None) -> tuple[int, Blueprint]:
    """A version of a Mission's plan with its number; without one that in force, else the Draft's. InvalidInput without any."""
    wanted = version if version is not None else mission.plan_version or await drafts_version(store, mission.id)
    if wanted is None:
        raise InvalidInput(f"Mission {mission.id!r} has no plan yet; see `missions show {mission.id}`.")
    return wanted, await store.plans.get(mission.id, wanted)


async def drafts_version(store: Store, mission_id: str) -> int | None:
    """The version that a launch of a Draft puts in force; None while there is none."""
    return draft_version(*await versions_and_requests(store, mission_id))


async def versions_and_requests(store: Store, mission_id: str) -> tuple[list[int], Sequence[Request]]:
    """The numbers of a Mission's plans, and all that was ever asked about it."""
    versions = [one.version for one in await store.plans.history(mission_id)]
    return versions, await store.requests.of_mission(mission_id, datetime.fromtimestamp(0, UTC))


async def found_problems(mission: Mission, plan: Blueprint) -> list[Problem]:
    """What verification finds wrong with the plan right now (R2.3)."""
    _, seen = await _around(mission)
    return problems_of(seen.verify(plan))


async def launch_version(store: Store, mission: Mission, *, version: int | None, by: str) -> int:
    """Verify a version, without one that in force or the Draft's, and put it in force; gives its number.

    One older than that in force comes back as a new version, so that each time that a plan came into force has its own
    number, confirmation and date (R3.7). Errors are those of `launch_plan`.
    """
    number, plan = await chosen_plan(store, mission, version)
    employee, seen = await _around(mission)
    problems = problems_of(seen.verify(plan))
    if mission.plan_version is not None and number < mission.plan_version:
        number = await store.plans.add(mission.id, plan, datetime.now(UTC))
    await launch_plan(store, mission.id, version=number, digest=plan.digest, by=by, problems=problems)
    await _answer_review(store, mission.id, number, by=by)
    await show_in_force(store, mission.id, employee=employee, seen=seen)
    return number


async def _answer_review(store: Store, mission_id: str, version: int, *, by: str) -> None:
    """What the Mission's creation asks is decided by the launch, so nobody is asked any more; its run then ends."""
    for request in await store.requests.all_open(mission_id):
        if not isinstance(request.question, ReviewQuestion) or request.question.replaces is not None:
            continue
        is_shown = request.question.plan_version == version and request.question.can_launch
        decision = Decision.LAUNCH if is_shown else Decision.KEEP_DRAFT
        answer = Answer(decision=decision, text=f"Version {version} was launched.", by=by, at=datetime.now(UTC))
        with suppress(InvalidInput):  # somebody's own answer was quicker
            await store.requests.answer(request.run_id, request.key, answer)


async def _around(mission: Mission) -> tuple[Employee, Seen]:
    """Who works on the Mission, and what is connected right now."""
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    return employee, await look_around(employee, settings)

"""Launches a confirmed plan: deployments first made equal to it, then the Mission is Active (R2.4, R2.7)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient, get_client

from blocks.store.store import Store
from blueprint.errors import InvalidBlueprint, InvalidInput, Outdated
from blueprint.mission import Mission, MissionState, check_transition
from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.records import Message
from deployments.apply import apply, set_paused, would_apply
from deployments.changes import Change, Changes, change
from deployments.spec import DeploymentPlan
from flows.creation.compiling import compiled
from flows.lifecycle.sole_change import sole_change


async def launch_plan(store: Store, mission_id: str, *, version: int, digest: str, by: str, problems: list[Problem]) -> Changes:
    """Put exactly the plan with this digest in force; may be repeated after a kill anywhere in it.

    InvalidBlueprint when verification found problems, InvalidInput when the digest is not that version's: nothing is changed.
    Unavailable while somebody else launches a plan of this Mission.
    """
    async with sole_change(store, mission_id):
        return await _launch(store, mission_id, version=version, digest=digest, by=by, problems=problems)


async def replace_plan(
    store: Store, mission_id: str, *, version: int, replaces: int | None, digest: str, by: str, problems: list[Problem]
) -> Changes:
    """Put a changed plan in force in place of `replaces`, the version that it was shown against (R3.5).

    A Paused Mission stays so. Outdated, with nothing changed, when another version is in force by now; else as `launch_plan`.
    """
    async with sole_change(store, mission_id):
        mission = await store.missions.get(mission_id)
        if mission.plan_version not in (replaces, version):
            raise Outdated(mission_id, replaces, mission.plan_version)
        is_paused = mission.state is MissionState.PAUSED
        return await _launch(store, mission_id, version=version, digest=digest, by=by, problems=problems, is_paused=is_paused)


async def launch_would_do(client: PrefectClient, mission: Mission, plan: Blueprint, version: int) -> list[Change]:
    """What launching this version would create, change and delete in Prefect now; nothing is written."""
    decided = await would_apply(compiled(mission, plan, version), client, is_paused=False)
    return [change(step) for step in decided]


def hindrances(mission: Mission, plan: Blueprint, problems: Sequence[Problem]) -> list[Problem]:
    """The problems that keep a plan from being launched.

    A single time that has passed is none where the plan is in force already: it was to come when people confirmed it.
    """
    is_in_force = mission.plan_digest == plan.digest
    return [problem for problem in problems if not (is_in_force and problem.check == "times")]


async def _launch(
    store: Store, mission_id: str, *, version: int, digest: str, by: str, problems: list[Problem], is_paused: bool = False
) -> Changes:
    mission, plan = await store.missions.get(mission_id), await store.plans.get(mission_id, version)
    if found := hindrances(mission, plan, problems):
        raise InvalidBlueprint([str(problem) for problem in found])
    if plan.digest != digest:
        raise InvalidInput(f"Version {version} of {mission_id!r} is not the plan that was shown; look at it again, then launch.")
    becomes_active = mission.state is not MissionState.ACTIVE and not is_paused
    if becomes_active:
        check_transition(mission, MissionState.ACTIVE)
    deployments = compiled(mission, plan, version)
    now = datetime.now(UTC)
    await store.plans.confirm(mission_id, version, digest, by, now)
    await store.missions.set_plan_in_force(mission_id, version, digest, now)
    await store.missions.describe(mission_id, title=plan.title, timezone=plan.timezone or mission.timezone, now=now)
    await store.rounds.begin(mission_id, plan.dependents)
    async with get_client() as client:
        changes = await apply(deployments, client, is_paused=is_paused)
        if mission.state is MissionState.PAUSED and not is_paused:
            await set_paused(mission_id, False, client)
    if becomes_active:
        await store.missions.set_state(mission_id, MissionState.ACTIVE, now, by=by)
    await store.messages.add(_message(mission, plan.title, version, by, now, _missed_times(deployments, changes)))
    return changes


def _missed_times(plan: DeploymentPlan, changes: Changes) -> list[str]:
    """The single times that had passed before anything could be laid ahead for them."""
    return [f"{spec.once_at:%Y-%m-%d %H:%M} UTC ({spec.name})" for spec in plan.deployments if spec.once_key in changes.missed]


def _message(mission: Mission, title: str, version: int, by: str, now: datetime, missed: list[str]) -> Message:
    passed = f" Not run, because the time had passed: {', '.join(missed)}." if missed else ""
    return Message(
        id=f"{mission.id}:launched:{version}",
        mission_id=mission.id,
        event="mission",
        title=f"{title}: {'launched' if mission.plan_version is None else f'plan {version} in force'}",
        body=f"Version {version} of the plan is in force, confirmed by {by}.{passed}",
        at=now,
    )

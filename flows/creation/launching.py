"""Launches a confirmed plan: deployments first made equal to it, then the Mission is Active (R2.4, R2.7)."""

from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.utilities.callables import parameter_schema
from pydantic import JsonValue, TypeAdapter

from blocks.store.store import Store
from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.mission import Mission, MissionState, check_transition
from blueprint.plan import Blueprint
from blueprint.records import Message
from blueprint.validation import Problem
from deployments.apply import apply
from deployments.changes import Changes
from deployments.compiler import compile_blueprint
from deployments.spec import DeploymentPlan
from flows.run_task import run_task

_SCHEMA: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def compiled(mission: Mission, plan: Blueprint, version: int) -> DeploymentPlan:
    """The deployments of a plan, with the parameter form of `run_task`; InvalidInput for what can't be compiled."""
    schema = _SCHEMA.validate_python(parameter_schema(run_task).model_dump(exclude_unset=True))
    return compile_blueprint(mission, plan, version, parameter_schema=schema)


async def launch_plan(store: Store, mission_id: str, *, version: int, digest: str, by: str, problems: list[Problem]) -> Changes:
    """Put exactly the plan with this digest in force; may be repeated after a kill anywhere in it.

    InvalidBlueprint when verification found problems, InvalidInput when the digest is not that version's: nothing is changed.
    """
    if problems:
        raise InvalidBlueprint([str(problem) for problem in problems])
    mission, plan = await store.missions.get(mission_id), await store.plans.get(mission_id, version)
    if plan.digest != digest:
        raise InvalidInput(f"Version {version} of {mission_id!r} is not the plan that was shown; look at it again, then launch.")
    if mission.state is not MissionState.ACTIVE:
        check_transition(mission, MissionState.ACTIVE)
    deployments = compiled(mission, plan, version)
    now = datetime.now(UTC)
    await store.plans.confirm(mission_id, version, digest, by, now)
    await store.missions.set_plan_in_force(mission_id, version, digest, now)
    async with get_client() as client:
        changes = await apply(deployments, client, is_paused=False)
    if mission.state is not MissionState.ACTIVE:
        await store.missions.set_state(mission_id, MissionState.ACTIVE, now, by=by)
    await store.messages.add(_message(mission, version, by, now, _missed_times(deployments, changes)))
    return changes


def _missed_times(plan: DeploymentPlan, changes: Changes) -> list[str]:
    """The single times that had passed before anything could be laid ahead for them."""
    return [f"{spec.once_at:%Y-%m-%d %H:%M} UTC ({spec.name})" for spec in plan.deployments if spec.once_key in changes.missed]


def _message(mission: Mission, version: int, by: str, now: datetime, missed: list[str]) -> Message:
    passed = f" Not run, because the time had passed: {', '.join(missed)}." if missed else ""
    return Message(
        id=f"{mission.id}:launched:{version}",
        mission_id=mission.id,
        event="mission",
        title=f"{mission.title}: launched",
        body=f"Version {version} of the plan is in force, confirmed by {by}.{passed}",
        at=now,
    )

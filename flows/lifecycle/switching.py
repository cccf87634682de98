"""Disables and enables a Mission: all of its Tasks or none, and the same again after a kill half-way (R3.1, R3.2)."""

from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient

from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.mission import Mission, MissionState, check_transition
from blueprint.plan import Task
from blueprint.records import Message
from blueprint.triggers import Once
from deployments.apply import set_paused
from flows.lifecycle.sole_change import sole_change


async def disable(store: Store, client: PrefectClient, mission_id: str, *, by: str) -> Mission:
    """From now on nothing of the Mission starts; runs in progress go on. ForbiddenTransition unless it is Active.

    The store comes first: with its one word the gate refuses all Tasks, however many Prefect was told of. A Mission that is
    Paused already is refused, unless an earlier attempt left something running in Prefect, which is then paused.
    """
    async with sole_change(store, mission_id):
        mission = await store.missions.get(mission_id)
        is_unfinished = mission.state is MissionState.PAUSED
        if not is_unfinished:
            mission = await _switch(
                store, mission, MissionState.PAUSED, by, "disabled", "Nothing of it starts until it is enabled."
            )
        touched = await set_paused(mission_id, True, client)
        if is_unfinished and not touched:
            check_transition(mission, MissionState.PAUSED)
        return mission


async def enable(store: Store, client: PrefectClient, mission_id: str, *, by: str) -> Mission:
    """Scheduling resumes from now on, nothing is caught up. ForbiddenTransition, or InvalidInput for a Draft, unless Paused.

    The store comes last: until Prefect has been told of all Tasks the gate refuses each of them.
    """
    async with sole_change(store, mission_id):
        mission = await store.missions.get(mission_id)
        if mission.state is MissionState.DRAFT:
            raise InvalidInput(
                f"Mission {mission_id!r} is Draft, so there is nothing to enable; put its plan in force by a launch."
            )
        check_transition(mission, MissionState.ACTIVE)
        await set_paused(mission_id, False, client)
        passed = await _passed_times(store, mission)
        not_run = f" Not run, because the time passed meanwhile: {', '.join(passed)}." if passed else ""
        said = f"Its schedules go on from now on; what came up meanwhile is not made up for.{not_run}"
        return await _switch(store, mission, MissionState.ACTIVE, by, "enabled", said)


async def _switch(store: Store, mission: Mission, wanted: MissionState, by: str, done: str, body: str) -> Mission:
    now = datetime.now(UTC)
    message = Message(
        id=f"{mission.id}:{done}:{now.isoformat()}",
        mission_id=mission.id,
        event="mission",
        title=f"{mission.title}: {done}",
        body=f"{done.capitalize()} by {by}. {body}",
        at=now,
    )
    return await store.missions.set_state(mission.id, wanted, now, by=by, message=message)


async def _passed_times(store: Store, mission: Mission) -> list[str]:
    """The single times of the plan in force that have passed without a run."""
    if mission.plan_version is None:
        return []
    plan, now = await store.plans.get(mission.id, mission.plan_version), datetime.now(UTC)
    due = [(task, task.trigger.at) for task in plan.tasks if isinstance(task.trigger, Once) and not task.after]
    return [
        f"{at:%Y-%m-%d %H:%M} UTC ({task.name})" for task, at in due if at <= now and not await _has_run(store, mission, task, at)
    ]


async def _has_run(store: Store, mission: Mission, task: Task, at: datetime) -> bool:
    return any(run.scheduled_for == at for run in await store.runs.recent(mission.id, task.name, at))

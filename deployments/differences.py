"""Says in what an object in Prefect differs from its spec, in words for people; nothing where it does not (R2.7)."""

from collections.abc import Iterable
from uuid import UUID

from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import Automation, AutomationCore

from deployments.automations import automation
from deployments.spec import AutomationSpec, DeploymentSpec, ScheduleSpec

_NOWHERE = UUID(int=0)


def deployment_differences(spec: DeploymentSpec, found: DeploymentResponse) -> tuple[str, ...]:
    """What of a deployment is not as its spec says. Whether it is paused is not looked at: people may pause it."""
    compared: dict[str, tuple[object, object]] = {
        "entrypoint": (found.entrypoint, spec.entrypoint),
        "parameters": (found.parameters, dict(spec.parameters)),
        "work pool": (found.work_pool_name, spec.work_pool),
        "tags": (sorted(found.tags), sorted(spec.tags)),
    }
    another = () if found.version == spec.hash else ("made from another form of the Task",)
    return (*another, *_named(compared), *_schedule_differences(spec.schedules, found.schedules))


def automation_differences(spec: AutomationSpec, found: Automation) -> tuple[str, ...]:
    """What of an automation is not as its spec says, whichever deployment it runs; whether it is enabled is not looked at."""
    wanted = automation(spec, _NOWHERE, is_enabled=found.enabled)
    compared: dict[str, tuple[object, object]] = {
        "description": (found.description, wanted.description),
        "what it waits for": (_trigger(found), _trigger(wanted)),
        "what it does": (_actions(found), _actions(wanted)),
    }
    return tuple(_named(compared))


def is_for(found: Automation, deployment_id: UUID | None) -> bool:
    """Whether it runs this deployment; one of a deployment that is gone is good for nothing."""
    return any(getattr(action, "deployment_id", None) == deployment_id for action in found.actions)


def _schedule_differences(wanted: Iterable[ScheduleSpec], found: Iterable[DeploymentSchedule]) -> Iterable[str]:
    here, there = {_in_words(one) for one in wanted}, {_found_in_words(one) for one in found}
    yield from (f"schedule {text} is missing" for text in sorted(here - there))
    yield from (f"schedule {text} is not in the plan" for text in sorted(there - here))


def _in_words(schedule: ScheduleSpec) -> str:
    return f"{schedule.slug} {schedule.cron!r} in {schedule.timezone}"


def _found_in_words(found: DeploymentSchedule) -> str:
    """As the spec's words where it is equal; everything else in words that no spec has."""
    schedule = found.schedule
    if not isinstance(schedule, CronSchedule) or not schedule.day_or or found.parameters:
        return f"{found.slug} {schedule!r}"
    stopped = "" if found.active else ", switched off"
    return f"{found.slug} {schedule.cron!r} in {schedule.timezone or 'UTC'}{stopped}"


def _trigger(one: AutomationCore) -> object:
    return one.trigger.model_dump()


def _actions(one: AutomationCore) -> object:
    return [action.model_dump(exclude={"deployment_id"}) for action in one.actions]


def _named(compared: dict[str, tuple[object, object]]) -> list[str]:
    """`tags ['a'], planned ['b']` for each pair that differs, or just the name where that would be long."""
    return [
        f"{name} {found!r}, planned {wanted!r}" if len(f"{found!r}{wanted!r}") <= 160 else f"{name} differs"
        for name, (found, wanted) in compared.items()
        if found != wanted
    ]

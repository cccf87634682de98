"""Turns a Mission's Blueprint into the deployments that run it: pure, and the same for the same plan (R2.7)."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.triggers import Cron, Event, Manual, Once
from blueprint.values import digest
from blueprint.values import zone as zone_info
from deployments.event_rules import waiting_automation
from deployments.spec import MISSIONS_TAG, AutomationSpec, DeploymentPlan, DeploymentSpec, ScheduleSpec, mission_tag

TASK_FLOW = "run-task"
TASK_ENTRYPOINT = "flows.run_task.run_task"
LONGEST_NAME = 100


def compile_blueprint(
    mission: Mission, plan: Blueprint, version: int, *, parameter_schema: Mapping[str, JsonValue]
) -> DeploymentPlan:
    """The deployments of version `version` of a Mission's plan, one a Task; `parameter_schema` is that of the flow `run-task`.

    InvalidInput for event rules that Prefect can't have.
    """
    zone = plan.timezone or mission.timezone or "UTC"
    origin = f"Deployed from version {version} of the plan."
    return DeploymentPlan(
        tag=mission_tag(mission.id),
        deployments=tuple(_deployment(mission.id, task, zone, origin, parameter_schema) for task in plan.tasks),
    )


def deployment_name(mission_id: str, task_name: str) -> str:
    """`inspect-host--disk`: of `[a-z0-9-]`, at most 100 characters, never the same for two pairs.

    One hyphen would make `a-b` + `c` and `a` + `b-c` the same. What stays ambiguous or is too long gets a digest.
    """
    plain = f"{mission_id}--{task_name}"
    if len(plain) <= LONGEST_NAME and plain.count("--") == 1:
        return plain
    return f"{plain[:80]}--{digest([mission_id, task_name])[:16]}"


def _deployment(mission_id: str, task: Task, zone: str, origin: str, parameter_schema: Mapping[str, JsonValue]) -> DeploymentSpec:
    schedules, once_at = _schedules(task, zone), _once_at(task)
    return DeploymentSpec(
        name=deployment_name(mission_id, task.name),
        flow_name=TASK_FLOW,
        entrypoint=TASK_ENTRYPOINT,
        description=_description(task, zone, schedules),
        origin=origin,
        parameters={"mission": mission_id, "task": task.name},
        parameter_schema=parameter_schema,
        tags=(MISSIONS_TAG, mission_tag(mission_id)),
        schedules=schedules,
        automation=_automation(mission_id, task),
        once_at=once_at,
    )


def _schedules(task: Task, zone: str) -> tuple[ScheduleSpec, ...]:
    if task.after:  # its rounds start it
        return ()
    match task.trigger:
        case Cron(cron=cron, timezone=timezone):
            return (ScheduleSpec(slug="cron", cron=cron, timezone=timezone or zone),)
        case Once() | Event() | Manual():
            return ()


def _once_at(task: Task) -> datetime | None:
    return task.trigger.at if isinstance(task.trigger, Once) and not task.after else None


def _automation(mission_id: str, task: Task) -> AutomationSpec | None:
    if isinstance(task.trigger, Event) and not task.after:
        return waiting_automation(mission_id, task.name, task.trigger)
    return None


def _description(task: Task, zone: str, schedules: tuple[ScheduleSpec, ...]) -> str:
    starts = ", ".join(f"cron `{schedule.cron}` in {schedule.timezone}" for schedule in schedules) or _starts(task, zone)
    return f"**{_inert(' '.join(task.title.split()))}**\n\nStarts: {starts}.\n\n{_inert(task.instructions.strip())}"


def _starts(task: Task, zone: str) -> str:
    """When a Task without a schedule starts, in words."""
    if task.after:
        return f"after {' and '.join(f'`{name}`' for name in task.after)}, once for each round in which all have succeeded"
    match task.trigger:
        case Once(at=at):
            return f"once, at {at.astimezone(zone_info(zone)):%Y-%m-%d %H:%M:%S} in {zone}"
        case Event() as rule:
            labels = " and ".join(f"{each.label} = {each.value}" for each in rule.match)
            window = f", {rule.threshold} times within {rule.within_seconds} s" if rule.threshold > 1 else ""
            return _inert(f"on event {rule.event}{f' with {labels}' if labels else ''}{window}")
        case _:
            return "only when asked"


_ADDRESS = re.compile(r"://|\bwww\.|\bmailto:|@\w", re.IGNORECASE)


def _inert(text: str) -> str:
    """`text` as Markdown that brings no markup, picture or HTML, and no `{{ }}` that `prefect deploy` would fill in (R9.2).

    The console makes links of bare addresses, whatever is escaped in them, so they stand as code.
    """
    visible = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", text)
    return "".join(_as_code(word) if _ADDRESS.search(word) else _escaped(word) for word in re.split(r"(\s+)", visible))


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>!|~#&])", r"\\\1", text)


def _as_code(word: str) -> str:
    apart = re.sub(r"([{}])(?=\1)", r"\1 ", word.replace("`", "'"))
    return f"`{apart}`"

"""Turns an event trigger into the automation that waits for it."""

from blueprint.errors import InvalidInput
from blueprint.event_rules import wrong_with
from blueprint.triggers import Event
from deployments.spec import AutomationSpec, automation_name


def waiting_automation(mission_id: str, task_name: str, rule: Event) -> AutomationSpec:
    """What waits for the events of a Task. InvalidInput, with what to do, for a rule that means something else to Prefect.

    Cool-down and duplicates are the gate's: Prefect forgets them when it restarts.
    """
    for field, text in wrong_with(task_name, rule):
        raise InvalidInput(f"Task {task_name!r}, {field} of its event: {text}")
    is_counted = rule.threshold > 1
    return AutomationSpec(
        name=automation_name(mission_id, task_name),
        description=f"Starts Task `{task_name}` of Mission `{mission_id}`. Missions keeps it as the plan says.",
        event=rule.event,
        match={each.label: each.value for each in rule.match},
        threshold=rule.threshold,
        within_seconds=rule.within_seconds,
        for_each=rule.deduplicate_by if is_counted else (),
    )

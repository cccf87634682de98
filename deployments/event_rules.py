"""Turns an event trigger into the automation that waits for it, and refuses rules that Prefect would take otherwise."""

import re
from collections import Counter
from collections.abc import Iterator

from blueprint.errors import InvalidInput
from blueprint.triggers import Event
from deployments.spec import AutomationSpec, automation_name

_OF_EVERY_RUN = ("prefect.flow-run.", "prefect.task-run.", "prefect.automation.", "prefect.log.")


def waiting_automation(mission_id: str, task_name: str, rule: Event) -> AutomationSpec:
    """What waits for the events of a Task. InvalidInput, with what to do, for a rule that can't be written in Prefect.

    Cool-down and duplicates are the gate's: Prefect forgets them when it restarts.
    """
    if reason := next(_hindrances(rule), ""):
        raise InvalidInput(f"Task {task_name!r} {reason}")
    is_counted = rule.threshold > 1
    return AutomationSpec(
        name=automation_name(mission_id, task_name),
        description=f"Starts Task `{task_name}` of Mission `{mission_id}`. Missions keeps it as the plan says.",
        event=rule.event,
        match={each.label: each.value for each in rule.match},
        threshold=rule.threshold,
        within_seconds=rule.within_seconds if is_counted else 0,
        for_each=rule.deduplicate_by if is_counted else (),
    )


def _hindrances(rule: Event) -> Iterator[str]:
    labels = [each.label for each in rule.match]
    for label, count in Counter(labels).items():
        if count > 1:
            yield f"matches label {label!r} twice; all labels must fit, so name each once."
    if rule.threshold > 1 and not rule.within_seconds:
        yield f"waits for {rule.threshold} events, but not within what time; set within_seconds, e.g. 300."
    if _fits_own_runs(rule.event):
        yield (
            f"waits for {rule.event!r}, which its own runs make too: it would start itself for ever. "
            "Name an event from outside, e.g. 'alertmanager.firing'."
        )
    for text in (rule.event, *labels, *(each.value for each in rule.match)):
        if "{{" in text:
            yield f"waits for {text!r}; `prefect deploy` fills in what is between {{{{ and }}}}. Write * in its place."


def _fits_own_runs(event: str) -> bool:
    """Whether some event fits that Prefect makes of every run: what stands before the first wildcard is compared."""
    plain = re.split(r"[*?\[!]", event, maxsplit=1)[0]
    return any(plain.startswith(own) or (plain != event and own.startswith(plain)) for own in _OF_EVERY_RUN)

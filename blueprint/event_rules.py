"""Finds event rules that can never fire, or that would start themselves (R2.3)."""

from collections import Counter
from collections.abc import Iterator

from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.triggers import Event

_OWN_EVENTS = ("prefect.flow-run.", "prefect.task-run.", "prefect.automation.", "prefect.log.")
"""Every run of every Task makes events whose names begin like this."""


def event_problems(plan: Blueprint) -> list[Problem]:
    """What is wrong with the event triggers of a plan, by Task and field."""
    return [
        Problem(check="events", where=f"tasks.{task.name}.trigger.{place}", text=text)
        for task in plan.tasks
        if isinstance(task.trigger, Event)
        for place, text in wrong_with(task.name, task.trigger)
    ]


def wrong_with(task: str, rule: Event) -> Iterator[tuple[str, str]]:
    """Each field of the rule that is wrong, and what to do."""
    yield from _name(task, rule)
    yield from _labels(rule)
    if rule.threshold > 1 and rule.within_seconds == 0:
        text = f"{rule.threshold} events within 0 seconds never come; say within how many seconds, or set the threshold to 1."
        yield "within_seconds", text
    if rule.threshold == 1 and rule.within_seconds > 0:
        text = f"{rule.within_seconds} s are a window for a threshold, which is 1; raise the threshold, or leave the window out."
        yield "within_seconds", text


def _name(task: str, rule: Event) -> Iterator[tuple[str, str]]:
    if any(char.isspace() or char in "{}" or not char.isprintable() for char in rule.event):
        yield "event", f"{rule.event!r} is no event's name; write it without blanks and braces, e.g. 'alertmanager.firing'."
    elif "*" in rule.event[:-1] or rule.event.startswith("!"):
        yield (
            "event",
            f"{rule.event!r} would not be matched as it looks: * stands for anything at the end only; write the name in full.",
        )
    elif _fits_own(rule.event):
        text = f"{rule.event!r} fits the events of this plan's own runs: {task!r} would start itself without end;"
        yield "event", f"{text} name an event from outside, e.g. 'alertmanager.firing'."


def _fits_own(pattern: str) -> bool:
    beginning = pattern.removesuffix("*")
    return any(beginning.startswith(own) or (beginning != pattern and own.startswith(beginning)) for own in _OWN_EVENTS)


def _labels(rule: Event) -> Iterator[tuple[str, str]]:
    counts = Counter(match.label for match in rule.match)
    for index, match in enumerate(rule.match):
        if "{{" in f"{match.label} {match.value}":
            yield (
                f"match.{index}",
                f"{match.label!r} = {match.value!r} has braces that Prefect would fill in; write it without {{{{.",
            )
        if not match.value:
            yield f"match.{index}.value", f"the value of {match.label!r} is empty; write what it must be, or * for anything."
        if "*" in match.value[:-1] or match.value.startswith("!"):
            text = f"{match.value!r} would not be matched as it looks: * stands for anything at the end only, and ! means not;"
            yield f"match.{index}.value", f"{text} write the value in full, or its beginning and *."
        if counts[match.label] > 1:
            text = f"{match.label!r} is matched {counts[match.label]} times, and all must fit; keep one."
            yield f"match.{index}.label", text
    for index, label in enumerate(rule.deduplicate_by):
        if label in rule.deduplicate_by[:index]:
            yield f"deduplicate_by.{index}", f"{label!r} is named twice; keep one."

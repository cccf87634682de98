"""Event rules that never fire, or never stop, are found before anyone confirms them (R2.3)."""

from typing import Any

import pytest

from blueprint.event_rules import event_problems
from blueprint.plan import Blueprint, Task
from blueprint.triggers import Event


def _found(**rule: Any) -> list[str]:
    trigger = Event.model_validate({"event": "alertmanager.firing"} | rule)
    task = Task(name="why", title="Why", instructions="Find out.", trigger=trigger)
    plan = Blueprint(title="T", goal="G", tasks=(task,))
    return [str(problem).removeprefix("tasks.why.trigger.") for problem in event_problems(plan)]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"threshold": 3, "within_seconds": 60},
        {"match": [{"label": "severity", "value": "crit*"}, {"label": "team", "value": "*"}]},
        {"event": "prefect.work-queue.not-ready"},
        {"cooldown_seconds": 600, "deduplicate_by": ["alertname", "instance"]},
    ],
)
def test_a_rule_that_can_fire_and_stop_is_right(rule: dict[str, Any]) -> None:
    assert _found(**rule) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"threshold": 3}, "within_seconds: 3 events within 0 seconds never come; say within how many seconds"),
        ({"within_seconds": 60}, "within_seconds: 60 s are a window for a threshold, which is 1; raise the threshold"),
        ({"event": "*"}, "event: '*' fits the events of this plan's own runs: 'why' would start itself without end; name"),
        ({"event": "prefect.flow-run.Failed"}, "event: 'prefect.flow-run.Failed' fits the events of this plan's own runs"),
        ({"event": "prefect.*"}, "event: 'prefect.*' fits the events of this plan's own runs"),
        ({"event": "the alert"}, "event: 'the alert' is no event's name; write it without blanks and braces"),
        ({"event": "{{ event.name }}"}, "event: '{{ event.name }}' is no event's name"),
        ({"match": [{"label": "a", "value": ""}]}, "match.0.value: the value of 'a' is empty; write what it must be"),
        (
            {"match": [{"label": "a", "value": "*latency*"}]},
            "match.0.value: '*latency*' would not be matched as it looks: * stands",
        ),
        ({"match": [{"label": "a", "value": "!b"}]}, "match.0.value: '!b' would not be matched as it looks"),
        ({"match": [{"label": "a", "value": "{{ x }}"}]}, "match.0: 'a' = '{{ x }}' has braces that Prefect would fill in"),
        (
            {"event": "prefect.flow-run.*", "match": [{"label": "a", "value": "b"}]},
            "event: 'prefect.flow-run.*' fits the events of this plan's own runs",
        ),
        ({"event": "alert*.firing"}, "event: 'alert*.firing' would not be matched as it looks"),
        ({"deduplicate_by": ["a", "a"]}, "deduplicate_by.1: 'a' is named twice; keep one."),
    ],
)
def test_a_rule_that_can_not_work_is_named_with_its_field_and_what_to_do(rule: dict[str, Any], text: str) -> None:
    [found] = _found(**rule)
    assert found.startswith(text)


def test_a_label_that_must_have_two_values_at_once_is_named_at_both_places() -> None:
    found = _found(match=[{"label": "a", "value": "x"}, {"label": "a", "value": "y"}])
    assert [text.split(":")[0] for text in found] == ["match.0.label", "match.1.label"]

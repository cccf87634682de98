"""Templates: answers take the place of gaps, as what they must be, and never become anything else (R2.9)."""

from typing import Any

import pytest

from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.template import Template

PLAN: dict[str, Any] = {
    "title": "Look at ${what}",
    "goal": "Look at ${what} with ${tools}, warn from ${percent} %.",
    "timezone": "${zone}",
    "tasks": [
        {
            "name": "look",
            "title": "Look",
            "instructions": "Look at ${what}.",
            "trigger": {"kind": "cron", "cron": "${schedule}"},
            "tools": "${tools}",
            "strategy": {"step_limit": "${percent}"},
        }
    ],
}
QUESTIONS: list[dict[str, Any]] = [
    {"name": "what", "text": "What?"},
    {"name": "percent", "text": "From how many percent on?", "kind": "number", "default": "85"},
    {"name": "tools", "text": "Which tools?", "kind": "list", "default": "host.a, host.b"},
    {"name": "schedule", "text": "When?", "kind": "cron", "default": "0 7 * * *"},
    {"name": "zone", "text": "Where?", "kind": "timezone", "default": "UTC"},
]
TEMPLATE = Template.model_validate({"title": "T", "about": "A.", "questions": QUESTIONS, "blueprint": PLAN})


def test_answers_and_defaults_fill_the_gaps_as_what_they_must_be() -> None:
    plan = TEMPLATE.fill({"what": "the disks", "percent": "90"})
    [task] = plan.tasks
    assert plan.goal == "Look at the disks with host.a, host.b, warn from 90 %."
    assert (task.tools, task.strategy.step_limit, plan.timezone) == (("host.a", "host.b"), 90, "UTC")


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "The template needs answers to: what=VALUE (What?)"),
        ({"what": " "}, "The answer to 'what' can't be used: it is empty; write something. The question is: What?"),
        ({"what": "x", "wat": "y"}, "'wat' is no question of this template; available: what, percent, tools, schedule, zone."),
        ({"what": "x", "percent": "many"}, "The answer to 'percent' can't be used: 'many' is no whole number; write for example"),
        ({"what": "x", "schedule": "* * * * *"}, "The answer to 'schedule' can't be used: '* * * * *' fires more often than"),
        ({"what": "x", "zone": "Mars"}, "The answer to 'zone' can't be used: 'Mars' is no IANA time zone"),
        ({"what": "x" * 3_000}, "The answer to 'what' has 3,000 characters; at most 2,000 are taken."),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_question(answers: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        TEMPLATE.fill(answers)
    assert str(refusal.value).startswith(says)


def test_what_comes_of_the_answers_is_checked_like_any_plan() -> None:
    with pytest.raises(InvalidBlueprint) as refusal:
        TEMPLATE.fill({"what": "x", "percent": "-5"})
    assert str(refusal.value) == (
        "The Blueprint can't be used: tasks.0.strategy.step_limit: Input should be greater than or equal to 2; got -5."
    )


@pytest.mark.parametrize("said", ["${percent}", "{{ 7 * 7 }}", "{% raw %}", "\\g<1>", "x\ntasks: []", "${what}", "!!python/x"])
def test_an_answer_is_never_read_again(said: str) -> None:
    plan = TEMPLATE.fill({"what": said})
    assert (plan.title, plan.tasks[0].instructions) == (f"Look at {said}", f"Look at {said}.")
    assert len(plan.tasks) == 1

"""How two plans differ, as the person who confirms the newer one has to know it (R2.4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from blueprint.diff import FieldChange, diff
from blueprint.plan import Blueprint, Strategy, Task
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.triggers import Cron, Manual


def _task(name: str, **fields: Any) -> Task:
    return Task.model_validate({"name": name, "title": name, "instructions": "Look.", "trigger": Cron(cron="0 2 * * *")} | fields)


def _plan(*tasks: Task, **fields: Any) -> Blueprint:
    return Blueprint.model_validate({"title": "T", "goal": "G", "tasks": tasks} | fields)


DISK, MEMORY = _task("disk"), _task("memory")


def test_equal_plans_do_not_differ() -> None:
    assert not diff(_plan(DISK, MEMORY), _plan(DISK, MEMORY))


def test_tasks_that_came_and_went_are_named() -> None:
    found = diff(_plan(DISK, MEMORY), _plan(DISK, _task("load")))
    assert ([task.name for task in found.added], [task.name for task in found.removed], found.changes) == (
        ["load"],
        ["memory"],
        (),
    )


@pytest.mark.parametrize(
    ("fields", "field", "before", "after"),
    [
        ({"trigger": Cron(cron="0 3 * * *")}, "trigger.cron", "0 2 * * *", "0 3 * * *"),
        (
            {"trigger": Manual()},
            "trigger",
            {"kind": "cron", "cron": "0 2 * * *", "timezone": ""},
            {"kind": "manual"},
        ),
        ({"strategy": Strategy(step_limit=9)}, "strategy.step_limit", 60, 9),
        ({"tools": ("host.disk",)}, "tools", [], ["host.disk"]),
        ({"instructions": "Look twice."}, "instructions", "Look.", "Look twice."),
        ({"after": ("memory",)}, "after", [], ["memory"]),
    ],
)
def test_a_changed_task_names_exactly_the_field(fields: dict[str, Any], field: str, before: Any, after: Any) -> None:
    found = diff(_plan(DISK, MEMORY), _plan(_task("disk", **fields), MEMORY))
    assert found.changes == (FieldChange(task="disk", field=field, before=before, after=after),)


def test_what_the_whole_plan_says_is_compared_too() -> None:
    rules = RiskPolicy(rules=(ToolRule(tool="host.*", rule=Rule.AUTO),))
    found = diff(_plan(DISK), _plan(DISK, title="New", risk_policy=rules))
    assert [(change.task, change.field, change.after) for change in found.changes] == [
        ("", "title", "New"),
        ("", "risk_policy.rules", [{"tool": "host.*", "rule": "auto"}]),
    ]


def test_another_order_is_a_difference() -> None:
    [change] = diff(_plan(DISK, MEMORY), _plan(MEMORY, DISK)).changes
    assert (change.field, change.before, change.after) == ("order of Tasks", ["disk", "memory"], ["memory", "disk"])


TASKS = some.builds(
    _task,
    some.sampled_from("abcd"),
    title=some.sampled_from(["x", "y"]),
    trigger=some.sampled_from([Manual(), Cron(cron="0 2 * * *"), Cron(cron="0 3 * * *")]),
    strategy=some.builds(Strategy, step_limit=some.integers(2, 3)),
)
PLANS = some.builds(
    Blueprint,
    title=some.sampled_from(["T", "U"]),
    goal=some.just("G"),
    tasks=some.lists(TASKS, min_size=1, max_size=4, unique_by=lambda task: task.name).map(tuple),
)


@given(before=PLANS, after=PLANS)
def test_plans_differ_exactly_when_their_digests_do(before: Blueprint, after: Blueprint) -> None:
    assert bool(diff(before, after)) == (before.digest != after.digest)

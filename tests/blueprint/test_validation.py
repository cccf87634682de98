"""What is found wrong with a plan: every problem with its place, the value and what to do (R2.3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from blueprint.plan import Blueprint, Task
from blueprint.problems import explain
from blueprint.triggers import Cron, Manual, Once
from blueprint.validation import Surroundings, check_plan, find_problems

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
AROUND = Surroundings(now=NOW, tools=["host.disk_usage", "host.memory", "git.status"], channels=["ops"])


def _task(name: str = "disk", **fields: Any) -> Task:
    return Task.model_validate({"name": name, "title": "T", "instructions": "Look.", "trigger": Manual()} | fields)


def _plan(*tasks: Task, **fields: Any) -> Blueprint:
    return Blueprint(title="Host", goal="Look after it.", tasks=tasks or (_task(),), **fields)


def _found(plan: Blueprint) -> list[tuple[str, str]]:
    return [(problem.check, str(problem)) for problem in find_problems(plan, AROUND)]


def test_a_plan_that_fits_has_no_problems() -> None:
    tasks = (_task(tools=("host.disk_usage", "git.*")), _task("report", after=("disk",), trigger=Cron(cron="0 2 * * *")))
    assert _found(_plan(*tasks, notify=("ops",))) == []


def test_a_name_that_is_used_twice_is_named_where_it_comes_again() -> None:
    assert _found(_plan(_task(), _task("b"), _task())) == [
        ("names", "tasks.2.name: 'disk' is used twice; give each Task a name of its own.")
    ]


def test_a_dependency_on_no_task_lists_those_that_there_are() -> None:
    assert _found(_plan(_task(after=("dsk",)), _task("b"))) == [
        ("dependencies", "tasks.disk.after: 'dsk' is no Task of this plan; available: b, disk.")
    ]


@pytest.mark.parametrize(
    ("waits", "circle"),
    [({"a": "a"}, "a"), ({"a": "b", "b": "a"}, "a, b"), ({"a": "b", "b": "c", "c": "a", "d": ""}, "a, b, c")],
)
def test_tasks_that_wait_for_each_other_are_named_without_the_others(waits: dict[str, str], circle: str) -> None:
    plan = _plan(*[_task(name, after=(other,) if other else ()) for name, other in waits.items()])
    assert _found(plan) == [("dependencies", f"tasks: {circle} wait for each other in a circle; drop one 'after'.")]


@pytest.mark.parametrize(("seconds", "is_wrong"), [(-1, True), (0, True), (1, False)])
def test_a_once_time_must_lie_in_the_future(seconds: int, is_wrong: bool) -> None:
    at = NOW + timedelta(seconds=seconds)
    found = _found(_plan(_task(trigger=Once(at=at))))
    said = [("times", f"tasks.disk.trigger.at: {at.isoformat()} has passed; name a time in the future.")]
    assert found == (said if is_wrong else [])


def test_a_single_time_may_have_passed_since_the_plan_was_confirmed() -> None:
    plan = _plan(_task(trigger=Once(at=NOW - timedelta(days=1))))
    assert find_problems(plan, replace(AROUND, is_in_force=True)) == []


@pytest.mark.parametrize("tool", ["host.disk", "kubernetes.*", "disk_usage", "HOST.memory", ""])
def test_a_tool_that_no_server_offers_is_named_with_those_that_there_are(tool: str) -> None:
    available = "git.status, host.disk_usage, host.memory"
    assert _found(_plan(_task(tools=(tool,)))) == [
        ("tools", f"tasks.disk.tools: uses tool {tool!r}, which no MCP server offers; available: {available}.")
    ]


def test_a_channel_that_does_not_exist_is_named() -> None:
    assert _found(_plan(notify=("pager",))) == [("channels", "notify: 'pager' is no notification channel; available: ops.")]


def test_a_channel_that_takes_no_test_message_is_named_with_the_reason_only_where_the_plan_names_it() -> None:
    around = replace(AROUND, channels=["ops", "pager"], mute={"pager": "It answered 403."})
    found = [str(problem) for problem in find_problems(_plan(notify=("ops", "pager")), around)]
    assert found == ["notify pager: It takes no test message: It answered 403. Mend or drop it."]
    assert find_problems(_plan(notify=("ops",)), around) == []


def test_all_problems_are_found_at_once_in_a_fixed_order() -> None:
    wrong = _task(after=("x",), tools=("y",), trigger=Once(at=NOW))
    checks = [check for check, _ in _found(_plan(wrong, wrong, notify=("z",)))]
    assert checks == ["names", "dependencies", "dependencies", "times", "times", "tools", "tools", "channels"]


GOOD: dict[str, Any] = {
    "title": "Host",
    "goal": "Look.",
    "tasks": [{"name": "disk", "title": "T", "instructions": "Look.", "trigger": {"kind": "manual"}}],
}
SCHEMA: list[tuple[dict[str, Any], list[str]]] = [
    ({"tasks": []}, ["tasks: "]),
    ({"tasks": [{"name": "A B"}]}, ["tasks.0.name: ", "tasks.0.title: ", "tasks.0.instructions: ", "tasks.0.trigger: "]),
    ({"title": ""}, ["title: "]),
    ({"timezone": "Berlin"}, ["timezone: "]),
    ({"extra": 1}, ["extra: "]),
    ({"format": 2}, ["format: "]),
    ({"tasks": [GOOD["tasks"][0] | {"trigger": {"kind": "cron", "cron": "* * * * *"}}]}, ["tasks.0.trigger.cron: "]),
    ({"tasks": [GOOD["tasks"][0] | {"strategy": {"step_limit": 0}}]}, ["tasks.0.strategy.step_limit: "]),
]


@pytest.mark.parametrize(("change", "places"), SCHEMA)
def test_a_schema_error_has_its_path_and_the_value(change: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Blueprint.model_validate(GOOD | change)
    problems = explain(refusal.value)
    assert len(problems) == len(places)
    for problem, place in zip(problems, places, strict=True):
        assert problem.check == "schema"
        assert str(problem).startswith(place)
        assert ("; got " in problem.text) != problem.text.startswith("Field required")


def test_a_schema_error_says_which_value_it_got_but_not_endlessly() -> None:
    with pytest.raises(ValidationError) as refusal:
        Blueprint.model_validate(GOOD | {"timezone": "Berlin", "title": "x" * 5_000})
    said = {problem.where: problem.text for problem in explain(refusal.value)}
    assert "got 'Berlin'." in said["timezone"]
    assert len(said["title"]) < 300


def test_each_check_has_a_result_by_name() -> None:
    once, cron = Once(at=NOW + timedelta(days=1)), Cron(cron="0 2 * * *", timezone="Europe/Berlin")
    plan = _plan(_task(trigger=cron, tools=("host.disk_usage",)), _task("b", trigger=once, after=("disk",)), notify=("ops",))
    around = replace(AROUND, servers=["host", "git"], silent={"git": "It did not start."})
    assert [
        (check.name, check.found if check.is_ok else [str(one) for one in check.problems]) for check in check_plan(plan, around)
    ] == [
        ("schema", "format 1, 2 Tasks"),
        ("names", "2 names"),
        ("dependencies", "1 dependency"),
        ("cron", "1 expression, fires at least 5 minutes apart"),
        ("time zones", "Europe/Berlin"),
        ("times", "1 time"),
        ("events", "none"),
        ("tools", "3 offered"),
        ("servers", ["server git: It did not start. Mend it, or take the server from the employee."]),
        ("channels", "ops"),
    ]

"""Broken and hostile plans: each is refused with the field's path, the value and what to do, or made harmless (R2.3, R9.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.policy import ToolTraits
from blueprint.problems import MOST_PROBLEMS, explain
from blueprint.validation import Surroundings, check_plan, problems_of
from deployments.compiler import compile_blueprint
from deployments.prefect_yaml import render_prefect_yaml
from flows.creation.plan_file import read_plan, write_plan
from reports.review import review_page
from tests.reports.hostile import VALID, tokens

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
AROUND = Surroundings(now=NOW, tools=["host.disk_usage", "host.memory"], channels=["ops"], servers=["host"])
MISSION = Mission(id="m", title="M", goal="G", created_at=NOW, active_at=NOW)
JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def task(name: str = "disk", **fields: Any) -> dict[str, Any]:
    return {"name": name, "title": "T", "instructions": "Look.", "trigger": {"kind": "manual"}} | fields


def plan(*tasks: object, **fields: Any) -> dict[str, Any]:
    return {"title": "T", "goal": "G", "tasks": [*tasks] or [task()]} | fields


def cron(expression: object, **fields: Any) -> dict[str, Any]:
    return plan(task(trigger={"kind": "cron", "cron": expression} | fields))


def event(**fields: Any) -> dict[str, Any]:
    return plan(task(trigger={"kind": "event", "event": "alertmanager.firing"} | fields))


def once(at: object) -> dict[str, Any]:
    return plan(task(trigger={"kind": "once", "at": at}))


class Broken(NamedTuple):
    """A plan, or a file, and what has to be said about it: the path, the value, and what to do."""

    given: Mapping[str, Any] | str
    says: tuple[str, ...]


BROKEN = {
    # dependencies
    "a Task after itself": Broken(plan(task(after=["disk"])), ("tasks: disk wait for each other in a circle; drop one 'after'",)),
    "a circle of two": Broken(plan(task("a", after=["b"]), task("b", after=["a"])), ("tasks: a, b wait", "drop one 'after'")),
    "a circle of three beside a Task": Broken(
        plan(task("a", after=["c"]), task("b", after=["a"]), task("c", after=["b"]), task("d")), ("tasks: a, b, c wait",)
    ),
    "an unknown Task": Broken(plan(task(after=["dsk"])), ("tasks.disk.after: 'dsk' is no Task", "available: disk")),
    "a dependency that is no name": Broken(plan(task(after=["a/b"])), ("tasks.0.after.0: ", "'a/b'", "for example 'a-b'")),
    "a name twice": Broken(plan(task(), task()), ("tasks.1.name: 'disk' is used twice; give each Task a name of its own",)),
    "201 Tasks": Broken(plan(*[task(f"t{n}") for n in range(201)]), ("tasks: ", "at most 200 items", "split it up")),
    "10,000 Tasks": Broken(
        "title: T\ngoal: G\ntasks:\n"
        + "".join(f"- {{name: t{n}, title: T, instructions: I, trigger: {{}}}}\n" for n in range(10_000)),
        ("bytes; at most 400,000 are read", "Split the plan into several Missions"),
    ),
    "no Task": Broken(plan() | {"tasks": []}, ("tasks: ", "got []", "add at least one")),
    # times
    "cron with 6 fields": Broken(cron("0 0 2 * * *"), ("tasks.0.trigger.cron: '0 0 2 * * *' has 6 fields", "has 5: minute hour")),
    "cron with 4 fields": Broken(cron("0 2 * *"), ("tasks.0.trigger.cron: '0 2 * *' has 4 fields",)),
    "cron every minute": Broken(
        cron("* * * * *"), ("tasks.0.trigger.cron: '* * * * *' fires more often", "write for example '*/5")
    ),
    "cron at two minutes that touch": Broken(cron("0,2 2 * * *"), ("'0,2 2 * * *' fires more often than every 5 minutes",)),
    "cron with a 61st minute": Broken(cron("61 2 * * *"), ("tasks.0.trigger.cron: '61 2 * * *' is no cron expression",)),
    "cron on 30 February": Broken(cron("0 0 30 2 *"), ("'0 0 30 2 *' never fires", "name days that the calendar has")),
    "cron at random": Broken(cron("R 2 * * *"), ("'R 2 * * *' has a random field", "name the times")),
    "cron as a word": Broken(cron("@daily"), ("tasks.0.trigger.cron: '@daily' has 1 fields",)),
    "cron as a number": Broken(cron(5), ("tasks.0.trigger.cron: ", "got 5", "put it in quotes: '5'")),
    "cron as a command": Broken(cron("0 2 * * * rm -rf /"), ("'0 2 * * * rm -rf /' has 8 fields",)),
    "cron without end": Broken(cron("1," * 5_000), ("tasks.0.trigger.cron: ", "at most 100 characters", "shorten it")),
    "an unknown zone": Broken(plan(timezone="Berlin"), ("timezone: 'Berlin' is no IANA time zone; write for example 'UTC'",)),
    "an unknown zone of a trigger": Broken(cron("0 2 * * *", timezone="Mars/Base"), ("tasks.0.trigger.timezone: 'Mars/Base'",)),
    "a zone that climbs": Broken(plan(timezone="../../etc/passwd"), ("timezone: '../../etc/passwd' is no IANA time zone",)),
    "a time that has passed": Broken(
        once("2026-12-31T18:00:00Z"), ("tasks.disk.trigger.at: 2026-12-31T18:00:00+00:00 has passed",)
    ),
    "this very moment": Broken(once("2027-01-01T12:00:00Z"), ("has passed; name a time in the future",)),
    "a time without offset": Broken(once("2027-05-01T18:00:00"), ("tasks.0.trigger.at: ", "add an offset, as in '2026-")),
    "a time in words": Broken(once("tomorrow"), ("tasks.0.trigger.at: ", "got 'tomorrow'", "write for example '2026-")),
    "a day that is none": Broken(once("2027-02-30T18:00:00Z"), ("tasks.0.trigger.at: ", "'2027-02-30T18:00:00Z'")),
    # events
    "an unknown kind of trigger": Broken(
        plan(task(trigger={"kind": "daily"})), ("tasks.0.trigger: ", "'daily'", "'cron', 'once'")
    ),
    "a trigger without a kind": Broken(
        plan(task(trigger={"cron": "0 2 * * *"})), ("tasks.0.trigger: ", "add 'kind': cron, once")
    ),
    "no trigger": Broken(plan({"name": "a", "title": "A", "instructions": "I"}), ("tasks.0.trigger: Field required; add it",)),
    "an event without a name": Broken(event(event=""), ("tasks.0.trigger.event: ", "got ''", "fill it in")),
    "any event at all": Broken(event(event="*"), ("tasks.disk.trigger.event: '*' fits the events of this plan's own runs",)),
    "an event in braces": Broken(event(event="{{ x }}"), ("tasks.disk.trigger.event: '{{ x }}' is no event's name",)),
    "a threshold without a window": Broken(
        event(threshold=5), ("tasks.disk.trigger.within_seconds: 5 events within 0 s", "set the")
    ),
    "a threshold of nothing": Broken(event(threshold=0), ("tasks.0.trigger.threshold: ", "greater than or equal to 1", "got 0")),
    "a cool-down backwards": Broken(event(cooldown_seconds=-1), ("tasks.0.trigger.cooldown_seconds: ", "got -1")),
    "a label without a value": Broken(
        event(match=[{"label": "a", "value": ""}]), ("tasks.disk.trigger.match.0.value: the value of 'a' is empty; write what",)
    ),
    "labels as a mapping": Broken(event(match={"a": "b"}), ("tasks.0.trigger.match: ", "got {'a': 'b'}")),
    # tools, channels, policy
    "an unknown tool": Broken(
        plan(task(tools=["host.df"])), ("tasks.disk.tools: uses tool 'host.df'", "available: host.disk_usage")
    ),
    "an unknown server": Broken(
        plan(task(tools=["k8s.*"])), ("tasks.disk.tools: uses tool 'k8s.*', which no MCP server offers",)
    ),
    "a tool without end": Broken(plan(task(tools=["*a" * 500])), ("tasks.0.tools.0: ", "at most 200 characters", "shorten it")),
    "a text of tools": Broken(plan(task(tools="host.*")), ("tasks.0.tools: ", "got 'host.*'")),
    "an unknown channel": Broken(plan(notify=["pager"]), ("notify: 'pager' is no notification channel; available: ops",)),
    "a channel that is an address": Broken(
        plan(notify=["a@b.example"]), ("notify.0: ", "'a@b.example'", "for example 'a-b-example'")
    ),
    "an unknown rule": Broken(
        plan(risk_policy={"rules": [{"tool": "a", "rule": "yes"}]}), ("risk_policy.rules.0.rule: ", "got 'yes'")
    ),
    # fields
    "names with signs": Broken(plan(task("a/b % & > <")), ("tasks.0.name: ", "got 'a/b % & > <'", "for example 'a-b'")),
    "a name of emoji": Broken(plan(task("💾")), ("tasks.0.name: ", "got '💾'", "for example 'task'")),
    "a name with capitals": Broken(plan(task("Disk")), ("tasks.0.name: ", "got 'Disk'", "for example 'disk'")),
    "a name of 64 characters": Broken(plan(task("a" * 64)), ("tasks.0.name: ", "write lower-case letters, digits and hyphens")),
    "a name that climbs": Broken(plan(task("../x")), ("tasks.0.name: ", "got '../x'", "for example 'x'")),
    "a title of blanks": Broken(plan(title=" \n"), ("title: ", "fill it in")),
    "an empty title": Broken(plan(title=""), ("title: ", "got ''", "fill it in")),
    "a title without end": Broken(plan(title="x" * 5_000), ("title: ", "at most 120 characters", "shorten it")),
    "instructions without end": Broken(plan(task(instructions="x" * 9_000)), ("tasks.0.instructions: ", "shorten it")),
    "no goal": Broken({"title": "T", "tasks": [task()]}, ("goal: Field required; add it",)),
    "a misspelt field": Broken(
        plan(task(instruction="x")), ("tasks.0.instruction: ", "got 'x'", "take it out, or correct its name")
    ),
    "a format of later": Broken(plan(format=2), ("format: ", "got 2")),
    "a title that is a list": Broken(plan(title=["a"]), ("title: Input should be a valid string; got ['a']",)),
    "a limit of nothing": Broken(
        plan(task(strategy={"step_limit": 0})), ("tasks.0.strategy.step_limit: ", "or equal to 2; got 0")
    ),
    "a limit without end": Broken(plan(task(strategy={"time_limit_minutes": 10**9})), ("tasks.0.strategy.time_limit_minutes: ",)),
    "an unknown strategy": Broken(
        plan(task(strategy={"when_busy": "wait"})), ("tasks.0.strategy.when_busy: ", "'skip', 'queue'")
    ),
    # files
    "a key twice": Broken("title: T\ntitle: U\n", ("line 2, column 1: the key 'title' comes twice; keep one",)),
    "an object of Python's": Broken("title: !!python/object/apply:os.system [id]", ("line 1, column 8: the tag", "take it out")),
    "an alias": Broken("title: &a T\ngoal: *a\n", ("line 1, column 8: anchors and aliases are not read",)),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_it_is_refused_with_path_value_and_what_to_do(broken: Broken) -> None:
    said = _said(broken.given)
    assert [part for part in broken.says if part not in said] == [], said
    assert len(said) < 1_500


def test_there_are_sixty() -> None:
    assert len(BROKEN) >= 60


def _said(given: Mapping[str, Any] | str) -> str:
    """What a person is told who brings this file."""
    try:
        read = read_plan(given if isinstance(given, str) else yaml.safe_dump(dict(given), allow_unicode=True))
    except InvalidBlueprint as refusal:
        return "\n".join(refusal.problems)
    except InvalidInput as refusal:
        return str(refusal)
    problems = problems_of(check_plan(read, AROUND))
    assert problems, "it was taken"
    return "\n".join(str(problem) for problem in problems)


TEMPLATE_SIGNS = {
    "Jinja": "{{ 7 * 7 }} {% for x in y %} {# z #} {{ config.__class__ }}",
    "Prefect's placeholders": "{{ prefect.variables.secret }} {{ prefect.blocks.secret.x }} {{ $HOME }}",
    "shell and templates": "${HOME} $(id) `id` $title <% x %> #{x}",
    "format strings": "{0} {x.__class__.__mro__} %s %(x)s",
    "signs of names": "a/b % & > < \" ' \\ 💾 👩🏽\u200d🚒",
    "YAML": "- a: b\n---\n? x\n!!python/object:os {a: &b [*b]}",
}
TEXTS = {**VALID, **TEMPLATE_SIGNS}


def everywhere(words: str) -> Blueprint:
    """A plan with these words in every field that takes words."""
    line = words[:2_000] or "x"
    return Blueprint.model_validate(
        {
            "title": words[:120] or "x",
            "goal": words[:8_000] or "x",
            "timezone": "Europe/Berlin",
            "breakdown": [line],
            "approach": words[:8_000],
            "outputs": [line],
            "risk_policy": {"rules": [{"tool": words[:200] or "x", "rule": "ask"}]},
            "tasks": [
                task(title=words[:120] or "x", instructions=words[:8_000] or "x", outputs=[line], tools=[words[:200]]),
                task("b", trigger={"kind": "cron", "cron": "0 2 * * *"}),
            ],
        }
    )


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS.keys())
def test_words_in_every_field_stay_words_wherever_they_are_written(words: str) -> None:
    hostile = everywhere(words)
    assert read_plan(write_plan(hostile)) == hostile
    page = review_page(
        mission=MISSION, plan=hostile, version=2, now=NOW, tools={"host.memory": ToolTraits()}, earlier=(1, everywhere("before")),
        checks=check_plan(hostile, AROUND),
    )  # fmt: skip
    found = {token.type for token in tokens(page)}
    assert not {"html_inline", "html_block", "image", "link_open", "code_block"} & found
    exported = render_prefect_yaml(compile_blueprint(MISSION, hostile, 2, parameter_schema={}))
    for deployment in JSON.validate_python(yaml.safe_load(exported))["deployments"]:
        assert "{{" not in str(deployment)
        assert deployment["parameters"]["task"] in ("disk", "b")
    assert "49" not in page.replace(words, "")


def test_ten_thousand_tasks_of_a_model_are_one_problem() -> None:
    with pytest.raises(ValidationError) as refusal:
        Blueprint.model_validate(plan(*[task(f"t{n}") for n in range(10_000)]))
    assert [str(problem)[:60] for problem in explain(refusal.value)] == [
        "tasks: Tuple should have at most 200 items after validation,"
    ]


def test_ten_thousand_broken_tasks_are_told_in_fifty() -> None:
    with pytest.raises(ValidationError) as refusal:
        Blueprint.model_validate(plan(*[task("Über") for _ in range(10_000)]))
    assert len(explain(refusal.value)) <= MOST_PROBLEMS + 1

"""A Blueprint becomes deployments, always the same ones."""

import re
from datetime import UTC, datetime
from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as some
from markdown_it import MarkdownIt

from blueprint.errors import InvalidInput
from blueprint.plan import Blueprint, Task
from blueprint.triggers import Event, LabelMatch, Manual, Once
from deployments.compiler import compile_blueprint, deployment_name
from deployments.spec import AutomationSpec, DeploymentPlan, DeploymentSpec, ScheduleSpec
from tests.deployments.plans import SCHEMA, compiled, cron, mission, task

names = some.builds(
    str.__add__, some.sampled_from(ascii_lowercase + digits), some.text(ascii_lowercase + digits + "-", max_size=62)
)
short_names = some.text("ab-", min_size=1, max_size=6).filter(lambda name: not name.startswith("-"))
tasks = some.builds(
    Task,
    name=names,
    title=some.text(min_size=1, max_size=120).filter(str.strip),
    instructions=some.text(min_size=1, max_size=300).filter(str.strip),
    trigger=some.sampled_from(
        [
            Manual(),
            cron(),
            cron("*/15 * * * 1-5", "Europe/Berlin"),
            Once(at=datetime(2027, 1, 1, tzinfo=UTC)),
            Event(event="alertmanager.firing", match=(LabelMatch(label="alertname", value="*"),)),
        ]
    ),
)


def test_a_task_becomes_a_deployment_of_the_flow_run_task():
    plan = compiled("host", task("disk", cron("0 2 * * *", "Europe/Berlin"), "Is it full?"), version=3)
    assert plan == DeploymentPlan(
        tag="mission:host",
        deployments=(
            DeploymentSpec(
                name="host--disk",
                flow_name="run-task",
                entrypoint="flows.run_task.run_task",
                description="**Disk**\n\nStarts: cron `0 2 * * *` in Europe/Berlin.\n\nIs it full?",
                parameters={"mission": "host", "task": "disk"},
                parameter_schema=SCHEMA,
                tags=("missions", "mission:host"),
                schedules=(ScheduleSpec(slug="cron", cron="0 2 * * *", timezone="Europe/Berlin"),),
            ),
        ),
    )
    assert plan.deployments[0].text.endswith("Is it full?\n\nDeployed from version 3 of the plan.")


def test_a_manual_task_has_no_schedule_and_says_so():
    (spec,) = compiled("host", task("disk")).deployments
    assert spec.schedules == ()
    assert "Starts: only when asked." in spec.description


@pytest.mark.parametrize(
    ("trigger", "plan", "missions", "expected"),
    [("Asia/Tokyo", "Europe/Berlin", "UTC", "Asia/Tokyo"), ("", "Europe/Berlin", "UTC", "Europe/Berlin"), ("", "", "UTC", "UTC")],
)
def test_the_nearest_time_zone_counts(trigger: str, plan: str, missions: str, expected: str):
    blueprint = Blueprint(title="t", goal="g", timezone=plan, tasks=(task("disk", cron(timezone=trigger)),))
    compiled = compile_blueprint(mission("host", missions), blueprint, 1, parameter_schema=SCHEMA)
    assert compiled.deployments[0].schedules[0].timezone == expected


def test_a_once_trigger_becomes_a_single_run_with_a_key_of_its_own():
    (spec,) = compiled("host", task("disk", Once(at=datetime(2027, 1, 1, 18, tzinfo=UTC)))).deployments
    assert (spec.schedules, spec.automation, spec.once_at) == ((), None, datetime(2027, 1, 1, 18, tzinfo=UTC))
    assert spec.once_key == "once:host--disk:2027-01-01T18:00:00+00:00"
    assert "Starts: once, at 2027-01-01 18:00:00 in UTC." in spec.description


def test_an_event_trigger_becomes_an_automation():
    rule = Event(
        event="alertmanager.firing",
        match=(LabelMatch(label="alertname", value="DiskFull"), LabelMatch(label="instance", value="db*")),
        threshold=3,
        within_seconds=300,
        cooldown_seconds=3600,
        deduplicate_by=("instance",),
    )
    (spec,) = compiled("host", task("disk", rule)).deployments
    assert spec.automation == AutomationSpec(
        name="mission:host:disk",
        description="Starts Task `disk` of Mission `host`. Missions keeps it as the plan says.",
        event="alertmanager.firing",
        match={"alertname": "DiskFull", "instance": "db*"},
        threshold=3,
        within_seconds=300,
        for_each=("instance",),
    )
    assert (
        "Starts: on event alertmanager.firing with alertname = DiskFull and instance = db\\*, 3 times within 300 s."
        in spec.description
    )


def test_each_event_of_a_rule_without_threshold_starts_a_run():
    rule = Event(event="alertmanager.firing", deduplicate_by=("instance",))
    (spec,) = compiled("host", task("disk", rule)).deployments
    assert spec.automation is not None
    assert (spec.automation.threshold, spec.automation.within_seconds, spec.automation.for_each) == (1, 0, ())


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Event(event="e", threshold=2), "Task 'disk', within_seconds of its event: 2 events within 0 seconds never come"),
        (Event(event="prefect.*"), "'disk' would start itself without end"),
        (Event(event="!alertmanager.firing"), "would not be matched as it looks"),
        (Event(event="{{ $HOME }}"), "write it without blanks and braces"),
        (
            Event(event="e", match=(LabelMatch(label="a", value="x{{ prefect.variables.v }}"),)),
            "braces that Prefect would fill in",
        ),
    ],
)
def test_rules_that_mean_something_else_to_prefect_are_refused(rule: Event, reason: str):
    with pytest.raises(InvalidInput, match=re.escape(reason)):
        compiled("host", task("disk", rule))


@pytest.mark.parametrize("name", ["alertmanager.*", "cloudevents.com.example.*", "prefect.work-pool.not-ready", "pre"])
def test_rules_for_events_from_outside_are_taken(name: str):
    (spec,) = compiled("host", task("disk", Event(event=name))).deployments
    assert spec.automation is not None
    assert spec.automation.event == name


def test_a_task_that_runs_after_others_has_no_schedule_and_says_after_which():
    summary = task("summary", cron()).model_copy(update={"after": ("disk", "memory")})
    *_, spec = compiled("host", task("disk"), task("memory"), summary).deployments
    assert spec.schedules == ()
    assert "Starts: after `disk` and `memory`, once for each round in which all have succeeded." in spec.description


def test_a_new_version_of_the_plan_is_no_change_of_an_equal_task():
    (first,), (second,) = (compiled("host", task("disk"), version=version).deployments for version in (1, 2))
    assert first.hash == second.hash
    assert first.text != second.text


def test_each_part_of_a_task_that_prefect_sees_changes_the_hash():
    variants = [
        task("disk"),
        task("disks"),
        task("disk", instructions="Look twice."),
        task("disk", cron()),
        task("disk", cron("0 3 * * *")),
        task("disk", cron(timezone="Asia/Tokyo")),
    ]
    assert len({compiled("host", variant).deployments[0].hash for variant in variants}) == len(variants)


@given(
    mission_id=names, version=some.integers(1, 99), planned=some.lists(tasks, min_size=1, max_size=5, unique_by=lambda t: t.name)
)
def test_compiling_again_gives_the_same_with_valid_names(mission_id: str, version: int, planned: list[Task]):
    first = compiled(mission_id, *planned, version=version)
    again = compiled(mission_id, *(task.model_copy(deep=True) for task in planned), version=version)
    assert first == again
    assert [spec.hash for spec in first.deployments] == [spec.hash for spec in again.deployments]
    assert all(re.fullmatch("[a-z0-9][a-z0-9-]{0,99}", spec.name) for spec in first.deployments)


@given(pairs=some.lists(some.tuples(short_names, short_names), unique=True, min_size=2, max_size=30))
def test_two_tasks_never_share_a_deployment_name(pairs: list[tuple[str, str]]):
    assert len({deployment_name(*pair) for pair in pairs}) == len(pairs)


@given(text=some.text(alphabet="{}[]()<>!`~*_#&;|\\\n $aA@:/.\x00\u202e", max_size=200))
def test_descriptions_bring_no_markup_from_a_plan(text: str):
    (spec,) = compiled("host", task("disk", instructions=f"x{text}")).deployments
    own = {"strong_open", "strong_close", "text", "softbreak", "hardbreak", "text_special", "code_inline"}
    inline = [child for token in MarkdownIt().parse(spec.description) for child in token.children or ()]
    assert {child.type for child in inline} <= own
    assert "{{" not in spec.description
    assert not re.search("[\x00\u202e]", spec.description)


@pytest.mark.parametrize("word", ["https://evil.example/x?a=1", "www.evil.example", "ops@evil.example", "x`https://e/{{{ y"])
def test_an_address_in_a_plan_is_no_link_in_the_console(word: str):
    (spec,) = compiled("host", task("disk", instructions=f"See {word} first, then {word}.")).deployments
    parser = MarkdownIt("gfm-like", {"linkify": False})
    inline = [child for token in parser.parse(spec.description) for child in token.children or ()]
    code = [child.content for child in inline if child.type == "code_inline"]
    text = "".join(child.content for child in inline if child.type in ("text", "text_special"))
    assert len(code) >= 2
    assert not re.search(r"://|www\.|@\w", text)
    assert "{{" not in spec.description

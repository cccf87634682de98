"""The templates that come with Missions: each becomes a plan that passes verification, once its questions are answered (R2.9)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprint.errors import InvalidInput, UnknownName
from blueprint.template import gaps
from blueprint.triggers import Event
from blueprint.validation import Surroundings, find_problems
from flows.creation.plan_file import read_plan, write_plan
from flows.creation.templates import load_template, read_template, template_names, template_text

TOOLS = [
    *(f"host.{name}" for name in ("disk_usage", "memory", "load", "failed_services", "recent_errors", "certificates")),
    *(f"kubernetes.{name}" for name in ("pods_list", "pods_log", "events_list", "pods_delete")),
]
AROUND = Surroundings(now=datetime(2027, 1, 1, tzinfo=UTC), tools=TOOLS)
ANSWERS = {
    "alert-triage": {},
    "backup-and-certificates": {"backups": "the dumps in /var/backups", "hosts": "example.org, example.net"},
    "capacity-trend": {},
    "host-inspection": {},
    "kubernetes-inspection": {},
    "log-pattern-report": {},
}


def test_there_are_six_and_each_has_its_questions() -> None:
    assert template_names() == sorted(ANSWERS)
    for name in template_names():
        template = load_template(name)
        assert {question.name for question in template.missing({})} == set(ANSWERS[name])
        assert gaps(template.blueprint) == {question.name for question in template.questions}


@pytest.mark.parametrize(("name", "answers"), ANSWERS.items())
def test_each_becomes_a_plan_that_passes_verification_and_reads_as_written(name: str, answers: dict[str, str]) -> None:
    plan = load_template(name).fill(answers)
    assert find_problems(plan, AROUND) == []
    assert read_plan(write_plan(plan)).digest == plan.digest
    assert gaps(plan.model_dump(mode="json")) == set()


def test_answers_reach_their_places() -> None:
    plan = load_template("alert-triage").fill({"severity": "page", "cooldown_seconds": "60", "tools": ""})
    trigger = plan.tasks[0].trigger
    assert isinstance(trigger, Event)
    assert (trigger.match[0].value, trigger.cooldown_seconds, plan.tasks[0].tools) == ("page", 60, ())
    summary = load_template("backup-and-certificates").fill(ANSWERS["backup-and-certificates"]).tasks[2]
    assert summary.after == ("check-backups", "check-certificates")


def test_a_template_can_be_taken_as_a_file_edited_and_used(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(template_text("host-inspection").replace("above 95 %", "above 99 %"))
    assert "above 99 %" in load_template(str(file)).fill({}).tasks[0].instructions


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(UnknownName, match=r"There is no template 'disk'; available: alert-triage, backup-and-certificates, "):
        load_template("disk")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("${disk_percent}", "${percent}"), "No question fills ${percent}; add one, or write the value."),
        (("name: disk_percent", "name: timezone"), "The question 'timezone' is asked twice; keep one."),
        (("kind: number", "kind: digits"), "questions.2.kind: Input should be 'text', 'number', 'list', 'cron' or 'timezone'"),
    ],
)
def test_a_broken_template_says_what_is_wrong(change: tuple[str, str], says: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_template(template_text("host-inspection").replace(*change))
    assert says in str(refusal.value)

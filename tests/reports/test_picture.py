"""The picture of dependencies: what it shows, and that no text of an event can become more than a label."""

import re

import pytest

from blueprint.plan import Blueprint, Task
from blueprint.triggers import Cron, Event, LabelMatch, Manual, Trigger
from reports.picture import dependency_picture
from tests.reports.hostile import VALID


def _task(name: str, trigger: Trigger, *after: str) -> Task:
    return Task(name=name, title=name, instructions="Look.", trigger=trigger, after=after)


def _drawn(*tasks: Task) -> str:
    return dependency_picture(Blueprint(title="T", goal="G", tasks=tasks), "Europe/Berlin")


def test_it_shows_what_starts_what() -> None:
    nightly, alert = Cron(cron="0 2 * * *"), Event(event="alertmanager.firing")
    drawn = _drawn(_task("a-b", nightly), _task("alone", nightly), _task("why", alert), _task("end", Manual(), "a-b", "why"))
    assert drawn.splitlines() == [
        "graph LR",
        '  t_a_b["a-b"]',
        '  t_why["why"]',
        '  t_end["end"]',
        '  s_t_a_b(["every day at 02:00, Europe/Berlin"])',
        "  s_t_a_b -.-> t_a_b",
        '  s_t_why(["on event alertmanager.firing"])',
        "  s_t_why -.-> t_why",
        "  t_a_b --> t_end",
        "  t_why --> t_end",
    ]


def test_a_plan_without_dependencies_has_no_picture() -> None:
    assert _drawn(_task("a", Manual()), _task("b", Cron(cron="0 2 * * *"))) == ""


@pytest.mark.parametrize(
    "text",
    [
        *VALID.values(),
        '"]; click t_a href "javascript:alert(1)"',
        "%%{init: {'securityLevel': 'loose'}}%%",
        "#quot;#59; a<br/>b --> c",
        "```\n![x](https://evil.example)",
    ],
)
def test_no_text_becomes_more_than_a_label(text: str) -> None:
    event = Event(event=f"x{text}"[:200], match=(LabelMatch(label=f"l{text}"[:200], value=text[:500]),))
    drawn = _drawn(_task("why", event), _task("end", Manual(), "why"))
    line = next(line for line in drawn.splitlines() if line.startswith("  s_t_why(["))
    assert re.fullmatch(r'  s_t_why\(\["[\w .,:/*@+…-]{1,60}"\]\)', line), line
    assert len(drawn.splitlines()) == 6

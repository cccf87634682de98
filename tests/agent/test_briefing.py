"""What the agent is told at the start of a run, word for word; hostile text stays text (R9.2)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.briefing import Memory, brief
from agent.loop import Brief
from blueprint.connections import Employee, ModelConnection
from blueprint.mission import Mission
from blueprint.plan import Strategy, Task
from blueprint.stream import Finding, Severity
from blueprint.triggers import Manual

NOW = datetime(2027, 3, 28, 6, 30, tzinfo=UTC)
SNAPSHOTS = Path(__file__).parent / "snapshots"
HOSTILE = "{{ 7 * 7 }} {% for x in ().__class__.__mro__ %}{{ x }}{% endfor %} {# gone #} <b>&amp;</b> ${HOME}"


def _brief(
    *, role: str = "You inspect hosts.", rules: str = "", goal: str = "Look after it.", title: str = "Host", **others: Any
) -> Brief:
    model = ModelConnection(name="m", base_url="http://127.0.0.1/v1", model="m")
    employee = Employee(name="night", role=role, rules=rules, model=model)
    mission = Mission(id="m-1", title=title, goal=goal, timezone="Europe/Berlin", created_at=NOW, active_at=NOW)
    task = Task(
        name="disk",
        title="Disk space",
        instructions=others.pop("instructions", "Look at every filesystem."),
        trigger=Manual(),
        outputs=others.pop("outputs", ("Which filesystems are over 80 %?", "What grew?")),
        strategy=Strategy(step_limit=12, token_budget=34_000),
    )
    return brief(employee=employee, mission=mission, task=task, now=NOW, **others)


def _whole() -> Brief:
    findings = (
        Finding(title="/var is full", severity=Severity.CRITICAL, detail="99 %"),
        Finding(title="Swap is off", severity=Severity.INFO),
    )
    memory = Memory(summary="One filesystem is full.", findings=findings, ended_at=datetime(2027, 3, 27, 1, 5, tzinfo=UTC))
    return _brief(
        rules="Never touch /srv.", memory=memory, missing={"git": "Tool server 'git' can't be used: command not found."}
    )


@pytest.mark.parametrize(("name", "made"), [("brief_whole", _whole()), ("brief_least", _brief(outputs=()))])
def test_the_prompts_read_as_they_were_approved(name: str, made: Brief) -> None:
    shown = f"{made.system}\n\n=== task ===\n\n{made.task}\n"
    assert shown == (SNAPSHOTS / f"{name}.txt").read_text()


def test_the_limits_are_those_of_the_task() -> None:
    assert (_brief().step_limit, _brief().token_budget) == (12, 34_000)


def test_the_time_is_told_in_the_missions_zone() -> None:
    assert "It is 2027-03-28T08:30+02:00 (Europe/Berlin)." in _brief().task


@pytest.mark.parametrize("place", ["role", "rules", "goal", "title", "instructions"])
def test_hostile_text_of_people_is_told_as_it_is_and_never_rendered(place: str) -> None:
    made = _brief(**{place: HOSTILE})
    assert HOSTILE in (made.system if place in ("role", "rules") else made.task)


def test_hostile_text_of_tools_and_of_earlier_runs_is_told_as_it_is_and_never_rendered() -> None:
    memory = Memory(summary=HOSTILE, findings=(Finding(title=HOSTILE[:90], severity=Severity.OK),), ended_at=NOW)
    made = _brief(memory=memory, missing={HOSTILE: HOSTILE}, outputs=(HOSTILE,))
    assert made.task.count(HOSTILE) == 4
    assert f"- ok: {HOSTILE[:90]}\n" in f"{made.task}\n"

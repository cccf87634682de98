"""The records of a month: what was, what was skipped and what is to come, by the calendar of the Mission's zone (R6.5)."""

from datetime import UTC, datetime

import pytest

from blueprint.calendar import Entry, Month, entries, read_month
from blueprint.errors import InvalidInput
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Task
from blueprint.records import FireRecord, RunRecord, RunState
from blueprint.triggers import Cron, Manual, Once, Trigger
from tests.fakes.records import run_record

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MISSION = Mission(id="m", title="M", goal="G", state=MissionState.ACTIVE, plan_version=1, created_at=NOW, active_at=NOW)


def task(name: str, trigger: Trigger, *after: str) -> Task:
    return Task(name=name, title=name, instructions="Do it.", trigger=trigger, after=after)


def plan(*tasks: Task) -> Blueprint:
    return Blueprint(title="M", goal="G", timezone="Europe/Berlin", tasks=tasks)


def run(day: int, name: str = "disk", state: RunState = RunState.SUCCESS) -> RunRecord:
    return run_record(datetime(2026, 11, day, 1, tzinfo=UTC), id=f"run-{day}", task=name, state=state)


def fire(day: int) -> FireRecord:
    at = datetime(2026, 11, day, 1, tzinfo=UTC)
    return FireRecord(mission_id="m", task="disk", run_id=f"fire-{day}", scheduled_for=at, at=at, reason="Busy.")


def gist(found: list[Entry]) -> list[str]:
    return [f"{entry.at:%d %H:%M} {entry.task} {entry.state}" for entry in found]


DISK = task("disk", Cron(cron="0 2 * * *"))
MONTH = Month(year=2026, number=11, timezone="Europe/Berlin")


def test_past_and_coming_lines_stand_in_the_order_of_time() -> None:
    tasks = plan(
        DISK,
        task("once", Once(at=datetime(2026, 11, 29, 17, tzinfo=UTC))),
        task("later", Manual(), "disk"),
        task("hand", Manual()),
    )
    found = entries(MONTH, NOW, mission=MISSION, plan=tasks, runs=[run(27), run(26)], fires=[fire(25)])
    assert gist(found) == [
        "25 01:00 disk skipped",
        "26 01:00 disk Success",
        "27 01:00 disk Success",
        "29 01:00 disk to come",
        "29 17:00 once to come",
        "30 01:00 disk to come",
    ]


@pytest.mark.parametrize(
    ("task_name", "state", "lines"),
    [
        ("disk", "", ["25 01:00 disk skipped", "27 01:00 disk Failed", "29 01:00 disk to come", "30 01:00 disk to come"]),
        ("", "failed", ["27 01:00 disk Failed"]),
        ("", "Skipped", ["25 01:00 disk skipped"]),
        ("load", "", []),
    ],
)
def test_they_are_chosen_by_task_and_state(task_name: str, state: str, lines: list[str]) -> None:
    runs = [run(27, state=RunState.FAILED)]
    found = entries(MONTH, NOW, mission=MISSION, plan=plan(DISK), runs=runs, fires=[fire(25)], task=task_name, state=state)
    assert gist(found) == lines


def test_nothing_is_to_come_while_a_mission_is_paused() -> None:
    paused = MISSION.model_copy(update={"state": MissionState.PAUSED})
    assert entries(MONTH, NOW, mission=paused, plan=plan(DISK), runs=[], fires=[]) == []


def test_a_month_begins_and_ends_by_the_clocks_of_its_zone() -> None:
    assert (MONTH.since, MONTH.until) == (datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC))
    assert str(read_month("", "Asia/Tokyo", datetime(2026, 11, 30, 20, tzinfo=UTC))) == "2026-12"
    assert read_month("2026-12", "UTC", NOW).until == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["november", "2026-13", "26-11", "2026-1", "9999-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no month; write it like '2026-11'"):
        read_month(text, "UTC", NOW)

"""The page of a month: a grid of days and a list with links; and the index of all Missions."""

from datetime import UTC, datetime, timedelta

import pytest

from blueprint.calendar import Entry, Month
from blueprint.mission import Mission, MissionState
from blueprint.records import FireRecord, RunRecord, RunState, StartedBy
from reports.calendar import RunLinks, calendar_page, weeks
from reports.mission_index import Row, index_page
from tests.fakes.records import run_record
from tests.reports.hostile import VALID, kinds

MONTH = Month(year=2026, number=11, timezone="Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "http://127.0.0.1:4200/v2/runs/flow-run/run-12345678"


def _run(at: datetime, reason: str = "") -> RunRecord:
    ended = at + timedelta(minutes=3)
    return run_record(at, id="run-12345678", ended_at=ended, state=RunState.FAILED, reason=reason)


def _fire(reason: str) -> FireRecord:
    by = StartedBy.EVENT
    return FireRecord(mission_id="m", task="disk", run_id="f", scheduled_for=NOW, at=NOW, reason=reason, started_by=by, count=3)


def _entries(words: str = "Too late.") -> list[Entry]:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # the next day in Berlin
    return [
        Entry(at=late, task="disk", run=_run(late, words)),
        Entry(at=NOW, task="disk", fire=_fire(words)),
        Entry(at=NOW + timedelta(days=1), task="disk"),
    ]


def test_a_day_counts_what_was_due_by_the_clocks_of_the_zone() -> None:
    grid = weeks(MONTH, _entries())
    assert [len(week) for week in grid] == [7] * 6
    assert grid[0] == ["", "", "", "", "", "", "1"]
    assert grid[2] == ["9", "10", "11", "12", "13", "14", "15"]
    assert grid[3][-2:] == ["21: 1 Failed, 1 skipped", "22: 1 to come"]


def test_the_list_has_links_durations_and_reasons() -> None:
    page = calendar_page("Disks", MONTH, _entries(), {"run-12345678": RunLinks(run=URL, report=URL)}, NOW)
    lines = [line for line in page.splitlines() if line.startswith(("| Sat 2", "| Sun 2"))]
    assert f"| `disk` | Failed | cron | Sat 21 00:30 | 3 min | [12345678]({URL}), [report]({URL}) | Too late. |" in lines[0]
    assert "| `disk` | skipped, 3 times | event |  |  |  | Too late. |" in lines[1]
    assert "| Sun 22 13:00 | `disk` | to come |" in lines[2]


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_nothing_that_was_said_becomes_more_than_words(text: str) -> None:
    words = f"x {text}"[:2_000]
    mission = Mission(id="m", title=words, goal="G", state=MissionState.ACTIVE, created_at=NOW, active_at=NOW)
    pages = calendar_page(words, MONTH, _entries(words), {}, NOW), index_page([Row(mission=mission, tasks="")], {})
    for page, lines in zip(pages, (2 + 6 + 2 + 3, 3), strict=True):
        assert not {"html_inline", "html_block", "image", "link_open", "code_block", "fence"} & kinds(page)
        assert page.count("\n|") == lines


def test_the_index_says_how_many_it_does_not_list() -> None:
    mission = Mission(id="m", title="Disks", goal="G", state=MissionState.ACTIVE, created_at=NOW, active_at=NOW)
    page = index_page([Row(mission=mission, tasks=URL, records=URL, plan=URL)], {MissionState.ACTIVE: 2, MissionState.PAUSED: 1})
    assert "2 Active, 1 Paused" in page
    assert f"| [Disks]({URL}) | Active | Sat 2026-11-21 12:00, UTC | [records]({URL}) | [plan]({URL}) | `m` |" in page
    assert "2 more: `missions list --page 2`" in page

"""The Mission Report of a week: every figure is recomputed here from the records (R6.2)."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from blueprint.records import RunRecord, RunState
from blueprint.requests import RequestState
from blueprint.stream import Severity
from reports.chart import PICTURE
from reports.files import write_report
from reports.html import html_page
from reports.mission_page import mission_page
from reports.mission_report import MissionReport, Records, build, headline, severity
from reports.period import days
from reports.trend import FindingTrend, Trend
from tests.reports.hostile import VALID, kinds, tags_of
from tests.reports.week import CHANNELS, FIRES, MISSION, MONDAY, RECORDS, REQUESTS, RUNS, TASKS, TITLES, WEEK

REPORT = build(TASKS, RECORDS, WEEK)
MINE = [run for run in RUNS if WEEK.since <= run.started_at < WEEK.until]


def page(records: Records = RECORDS, report: MissionReport = REPORT) -> str:
    return mission_page(mission=MISSION, report=report, records=records, titles=TITLES)


def test_runs_by_state_tokens_cost_and_time_are_the_sums_of_the_records() -> None:
    states = Counter(run.state for run in MINE)
    figures = REPORT.figures
    assert (figures.runs, figures.success, figures.failed, figures.cancelled) == (7, 5, 1, 1)
    assert (figures.success, figures.failed) == (states[RunState.SUCCESS], states[RunState.FAILED])
    assert figures.tokens == sum(run.usage.input_tokens + run.usage.output_tokens for run in MINE)
    assert figures.usage.cost == pytest.approx(sum(run.usage.cost for run in MINE))
    assert figures.worked == sum(run.running_seconds for run in MINE)
    assert REPORT.before.runs == len(RUNS) - len(MINE)


def test_the_rows_of_the_tasks_add_up_to_the_totals() -> None:
    for field in ("runs", "success", "failed", "cancelled", "running", "worked", "tokens"):
        assert sum(getattr(row.figures, field) for row in REPORT.tasks) == getattr(REPORT.figures, field), field
    assert sum(row.skipped for row in REPORT.tasks) == REPORT.skips == sum(fire.count for fire in FIRES)


def test_the_days_add_up_to_the_totals_and_none_is_left_out() -> None:
    shown = days(RUNS, FIRES, WEEK, MISSION.timezone)
    assert [f"{day.day:%a}" for day in shown] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    for kind in ("success", "failed", "cancelled"):
        assert sum(getattr(day, kind) for day in shown) == getattr(REPORT.figures, kind)
    assert sum(day.skipped for day in shown) == REPORT.skips


def test_questions_are_counted_by_how_they_ended_and_add_up() -> None:
    people = REPORT.people
    assert (people.asked, people.agreed, people.refused, people.answered) == (4, 1, 1, 0)
    assert (people.expired, people.cancelled, people.open) == (1, 0, 1)
    assert people.asked == people.agreed + people.refused + people.answered + people.expired + people.cancelled + people.open
    assert people.answer_seconds == median([60, 120])
    assert [one.title for one in REPORT.open_requests] == [one.title for one in REQUESTS if one.state is RequestState.OPEN]


def test_findings_are_followed_from_run_to_run() -> None:
    def seen(one: FindingTrend) -> tuple[str, str, str, int, int, int]:
        first, last = ((at - MONDAY) // timedelta(days=1) for at in (one.first_seen, one.last_seen))
        return (one.title, one.severity.value, one.trend.value, first, last, one.seen)

    assert [seen(one) for one in REPORT.findings] == [
        ("Disk /data is 91 % full", "critical", "new", 0, 6, 5),
        ("nginx.service has failed", "critical", "resolved", -1, -1, 0),
        ("Certificate ends soon", "warning", "resolved", -2, 3, 3),
    ]


def test_a_run_that_ended_without_findings_resolves_nothing() -> None:
    cut = [run for run in RUNS if run.started_at < MONDAY + timedelta(days=2, hours=1)]
    assert cut[-1].state is RunState.FAILED
    found = build(TASKS, Records(runs=cut, fires=(), requests=(), channels={}), WEEK).findings
    assert {one.title: one.trend for one in found}["Certificate ends soon"] is Trend.PERSISTING


def test_what_needs_attention_is_named() -> None:
    assert REPORT.attention == (
        ("disk", "1 fire did not become a run (missed); 1 critical finding open"),
        ("people", "1 question not answered in time: host.clean_scratch?"),
        ("notifications", "1 channel not taking messages: pager"),
    )
    assert REPORT.broken_channels == (("pager", MONDAY, CHANNELS["pager"].reason),)
    assert severity(REPORT) is Severity.CRITICAL


def test_the_headline_says_it_in_two_sentences() -> None:
    assert headline(REPORT) == (
        "7 runs: 5 succeeded, 1 failed, 1 cancelled; 1 fire did not become a run. "
        "Findings: 1 new, 0 persisting, 2 resolved. 1 open question."
    )


def test_runs_questions_and_findings_lead_to_the_pages_of_their_runs() -> None:
    def run_page(run_id: str) -> str:
        return f"https://prefect.example/{run_id}"

    linked = mission_page(mission=MISSION, report=REPORT, records=RECORDS, titles=TITLES, run_page=run_page)
    for run in MINE:
        assert f"]({run_page(run.id)}) | `disk` |" in linked
    assert f"**Which disk is meant?** (run [of-day-6]({run_page('run-of-day-6')}), open until" in linked
    assert f"[Thu 2026-11-19 02:00]({run_page('run-of-day-3')}) | 3 |" in linked
    assert (
        f"[Tue 2026-11-17 02:05]({run_page('run-of-day-1')}) | host.clean_scratch? | reject | command:alice | 2 min |" in linked
    )


def test_a_run_that_waits_for_a_person_says_so_in_the_list_of_runs() -> None:
    begun = {"state": RunState.RUNNING, "ended_at": None, "conclusion": None}
    runs = [run.model_copy(update=begun) if run.id == "run-of-day-6" else run for run in RUNS]
    records = replace(RECORDS, runs=runs)
    shown = page(records, build(TASKS, records, WEEK))
    assert "| of-day-6 | `disk` | Sun 2026-11-22 02:00 |  | Running | waits for a person |" in shown


def test_the_page_is_what_the_snapshot_says() -> None:
    shown = re.sub(r"\(data:image/svg\+xml;base64,[^)]+\)", "(picture)", page())
    assert shown == Path(__file__).with_name("snapshots").joinpath("mission_report.md").read_text(encoding="utf-8")


def test_the_picture_is_in_the_markdown_and_in_the_html_and_nothing_else_is_loaded() -> None:
    html = html_page(page(), "Host care")
    assert page().count(PICTURE) == 1
    assert html.count(f'src="{PICTURE}') == 1
    assert not re.search(r'src="(?!data:image/svg\+xml;base64,)', html)
    assert kinds(page()) & {"html_block", "html_inline"} == set()


def test_an_empty_period_is_a_report_too() -> None:
    nothing = Records(runs=(), fires=(), requests=(), channels={})
    report = build(TASKS, nothing, WEEK)
    written = page(nothing, report)
    assert headline(report) == "0 runs: 0 succeeded, 0 failed, 0 cancelled. Findings: 0 new, 0 persisting, 0 resolved."
    assert "Nobody was asked anything." in written
    assert PICTURE not in written


@pytest.mark.parametrize("name", VALID)
def test_hostile_words_stay_words(name: str, tmp_path: Path) -> None:
    def spoiled(run: RunRecord) -> RunRecord:
        if run.conclusion is None:
            return run.model_copy(update={"reason": VALID[name]})
        findings = [one.model_copy(update={"title": (VALID[name] or "x")[:200]}) for one in run.conclusion.findings[:1]]
        return run.model_copy(update={"conclusion": run.conclusion.model_copy(update={"findings": tuple(findings)})})

    records = Records(runs=[spoiled(run) for run in RUNS], fires=FIRES, requests=REQUESTS, channels=CHANNELS)
    written = page(records, build(TASKS, records, WEEK))
    foreign = [token for token in kinds(written) if token in ("html_block", "html_inline", "link_open")]
    assert foreign == []
    path = write_report(tmp_path, MISSION.id, MONDAY, "UTC", "mission-report", written, "Host care")
    html = (tmp_path / path).with_suffix(".html").read_text(encoding="utf-8", errors="replace")
    tags = tags_of(html)
    assert [attributes["src"] for tag, attributes in tags if tag == "img" if not str(attributes["src"]).startswith(PICTURE)] == []
    assert {tag for tag, _ in tags} & {"script", "iframe", "b", "object", "form"} == set()
    assert {str(attributes.get("href")) for tag, attributes in tags if tag == "a"} == {"../../index.html"}

"""Writes the Mission Report as Markdown (R6.2)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from blueprint.mission import Mission
from blueprint.records import RunRecord
from blueprint.requests import Request
from blueprint.values import short_id
from reports.chart import runs_chart
from reports.in_short import counted
from reports.mission_report import MissionReport, Records, headline
from reports.period import PeopleFigures, Skips, TaskFigures, days
from reports.rendering import render
from reports.text import one_line
from reports.times import duration, minute
from reports.trend import FindingTrend, counts

_MOST_FINDINGS, _MOST_RUNS, _MOST_ANSWERS = 100, 200, 50
_LONGEST_REASON = 160

RunPage = Callable[[str], str]
"""Where a run is shown; empty when there is no such place."""


def mission_page(
    *, mission: Mission, report: MissionReport, records: Records, titles: Mapping[str, str], run_page: RunPage = lambda _: ""
) -> str:
    """The report as Markdown. `titles` of Tasks, by name."""
    zone, period = mission.timezone, report.period
    runs = [run for run in records.runs if period.has(run.started_at)]
    return render(
        "mission_report.md.j2",
        mission=mission.title,
        state=mission.state.value,
        since=minute(period.since, zone),
        until=f"{minute(period.until, zone)}, {zone or 'UTC'}",
        headline=headline(report),
        picture=runs_chart(days(records.runs, records.fires, period, zone)),
        totals=_totals(report),
        tasks=[_row(row, titles.get(row.task, "")) for row in report.tasks],
        attention=[{"task": task, "why": why} for task, why in report.attention],
        counts={trend.value: number for trend, number in counts(report.findings).items()},
        findings=[_finding(one, zone, run_page) for one in report.findings[:_MOST_FINDINGS]],
        more_findings=max(0, len(report.findings) - _MOST_FINDINGS),
        people=_people(report.people),
        open_requests=[_open(one, zone, run_page) for one in report.open_requests],
        answers=[_closed(one, zone, run_page) for one in report.closed_requests[:_MOST_ANSWERS]],
        more_answers=max(0, len(report.closed_requests) - _MOST_ANSWERS),
        skipped=[_skips(row, zone) for row in report.skipped],
        broken=[_broken(name, since, reason, zone) for name, since, reason in report.broken_channels],
        runs=_listed(runs, zone, run_page, waiting={one.run_id for one in report.open_requests}),
        more_runs=max(0, len(runs) - _MOST_RUNS),
    )


def _totals(report: MissionReport) -> list[dict[str, str]]:
    """Figures beside those of the period before."""
    now, then = report.figures, report.before
    rows = [
        ("Runs", now.runs, then.runs),
        ("Success", now.success, then.success),
        ("Failed", now.failed, then.failed),
        ("Cancelled", now.cancelled, then.cancelled),
        *([("Running", now.running, then.running)] if now.running or then.running else []),
        ("Fires not run", report.skips, report.skips_before),
        ("Tokens", now.tokens, then.tokens),
    ]
    counted = [_counted(name, present, past) for name, present, past in rows]
    more = now.worked - then.worked
    longer = f"{'+' if more > 0 else '-'}{duration(abs(more))}" if more else "±0"
    time = {"name": "Running time", "now": duration(now.worked), "before": duration(then.worked), "change": longer}
    cost = {"name": "Cost", "now": f"{now.usage.cost:,.4f}", "before": f"{then.usage.cost:,.4f}"}
    change = now.usage.cost - then.usage.cost
    return [*counted, time, cost | {"change": f"{change:+,.4f}" if abs(change) >= 0.00005 else "±0"}]


def _counted(name: str, now: int, then: int) -> dict[str, str]:
    return {"name": name, "now": f"{now:,}", "before": f"{then:,}", "change": f"{now - then:+,}" if now != then else "±0"}


def _row(row: TaskFigures, title: str) -> dict[str, object]:
    average = row.figures.worked / row.figures.runs if row.figures.runs else 0
    last = row.last.state.value if row.last else ""
    own = {"task": row.task, "title": title, "skipped": row.skipped, "average": average, "last": last}
    used = {"tokens": row.figures.tokens, "cost": f"{row.figures.usage.cost:,.4f}"}
    return {**asdict(row.figures), **used, **own}


def _finding(one: FindingTrend, zone: str, run_page: RunPage) -> dict[str, object]:
    seen = {"first": minute(one.first_seen, zone), "last": minute(one.last_seen, zone), "page": run_page(one.last_run)}
    return {**asdict(one), **seen, "severity": one.severity.value, "trend": one.trend.value}


def _open(request: Request, zone: str, run_page: RunPage) -> dict[str, str]:
    until = f"{minute(request.deadline, zone)}, {zone or 'UTC'}"
    return {"title": request.title, "run": short_id(request.run_id), "page": run_page(request.run_id), "until": until}


def _closed(request: Request, zone: str, run_page: RunPage) -> dict[str, str]:
    """A question that is over: who answered what, and how long that took."""
    answer = request.answer
    return {
        "asked": minute(request.asked_at, zone),
        "title": request.title,
        "page": run_page(request.run_id),
        "answer": (answer.choice or answer.decision.replace("_", " ")) if answer else _WORDS[request.state.value],
        "text": answer.text if answer else "",
        "by": answer.by if answer else "",
        "after": duration((answer.at - request.asked_at).total_seconds()) if answer else "",
    }


_WORDS = {"expired": "nobody answered in time", "cancelled": "cancelled", "answered": ""}


def _skips(row: Skips, zone: str) -> dict[str, object]:
    return {**asdict(row), "last_for": minute(row.last_for, zone)}


def _broken(name: str, since: datetime, reason: str, zone: str) -> dict[str, str]:
    return {"name": name, "since": minute(since, zone), "reason": reason}


def _people(people: PeopleFigures) -> dict[str, object]:
    waited = duration(people.answer_seconds) if people.answer_seconds is not None else ""
    return {**asdict(people), "answer_time": waited}


def _listed(runs: Sequence[RunRecord], zone: str, run_page: RunPage, *, waiting: Collection[str]) -> list[dict[str, str]]:
    newest = sorted(runs, key=lambda run: (run.started_at, run.id), reverse=True)
    return [
        {
            "id": short_id(run.id),
            "page": run_page(run.id),
            "task": run.task,
            "at": minute(run.started_at, zone),
            "lasted": duration((run.ended_at - run.started_at).total_seconds()) if run.ended_at else "",
            "state": run.state.value,
            "outcome": _outcome(run, is_waiting=run.id in waiting),
        }
        for run in newest[:_MOST_RUNS]
    ]


def _outcome(run: RunRecord, *, is_waiting: bool) -> str:
    found = counted(run.conclusion.findings) if run.conclusion else ""
    return one_line(run.reason, _LONGEST_REASON) or found or ("waits for a person" if is_waiting else "")

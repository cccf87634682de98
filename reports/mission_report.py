"""Makes the Mission Report: a period of a Mission in figures, trends and open questions, all from its records (R6.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from blueprint.mission import Mission
from blueprint.notification import ChannelState
from blueprint.records import FireRecord, RunRecord, RunState
from blueprint.requests import Request, RequestState
from blueprint.stream import Severity
from blueprint.values import short_id
from reports.chart import runs_chart
from reports.period import (
    PeopleFigures,
    Period,
    RunFigures,
    TaskFigures,
    days,
    people_figures,
    run_figures,
    skips_by_reason,
    task_figures,
)
from reports.rendering import render
from reports.text import one_line
from reports.times import duration, minute, moment
from reports.trend import FindingTrend, Trend, counts, finding_trends

_MOST_FINDINGS, _MOST_RUNS = 100, 200


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the report is made of. `runs` and `fires` reach back at least one period more than is reported."""

    runs: Sequence[RunRecord]
    fires: Sequence[FireRecord]
    requests: Sequence[Request]
    channels: Mapping[str, ChannelState]


@dataclass(frozen=True, kw_only=True)
class MissionReport:
    """All that a report says, before it is put into words."""

    period: Period
    figures: RunFigures
    before: RunFigures
    tasks: tuple[TaskFigures, ...]
    findings: tuple[FindingTrend, ...]
    people: PeopleFigures
    open_requests: tuple[Request, ...]
    skipped: tuple[tuple[str, str, int], ...]
    attention: tuple[tuple[str, str], ...]
    broken_channels: tuple[tuple[str, str], ...]

    @property
    def skips(self) -> int:
        """Fires that did not become runs."""
        return sum(number for _, _, number in self.skipped)


def build(tasks: Sequence[str], records: Records, period: Period) -> MissionReport:
    """Everything that the report says. `tasks` are those of the plan in force, in its order."""
    rows = task_figures(tasks, records.runs, records.fires, period)
    findings = finding_trends(records.runs, period)
    waiting = tuple(request for request in records.requests if request.state is RequestState.OPEN)
    return MissionReport(
        period=period,
        figures=run_figures(records.runs, period),
        before=run_figures(records.runs, period.before),
        tasks=rows,
        findings=findings,
        people=people_figures(records.requests, period),
        open_requests=waiting,
        skipped=skips_by_reason(records.fires, period),
        attention=_attention(rows, findings, records.requests, period),
        broken_channels=tuple(
            (name, state.reason) for name, state in sorted(records.channels.items()) if state.failing_since is not None
        ),
    )


def _attention(
    rows: Sequence[TaskFigures], findings: Sequence[FindingTrend], requests: Sequence[Request], period: Period
) -> tuple[tuple[str, str], ...]:
    """Tasks that people should look at, with why."""
    found = list[tuple[str, str]]()
    for row in rows:
        reasons = [
            f"its last run failed: {one_line(row.last.reason, 160)}" if row.last and row.last.state is RunState.FAILED else "",
            f"{row.figures.failed} of {row.figures.runs} runs failed" if row.figures.failed > 1 else "",
            f"{_many(row.skipped, 'fire')} did not become a run" if row.skipped else "",
            _critical(row.task, findings),
        ]
        if told := "; ".join(reason for reason in reasons if reason):
            found.append((row.task, told))
    expired = sum(period.has(request.asked_at) and request.state is RequestState.EXPIRED for request in requests)
    return (*found, *([("people", f"{_many(expired, 'question')} not answered in time")] if expired else []))


def _critical(task: str, findings: Sequence[FindingTrend]) -> str:
    open_ones = [one for one in findings if one.task == task and one.trend is not Trend.RESOLVED]
    critical = sum(one.severity is Severity.CRITICAL for one in open_ones)
    return f"{_many(critical, 'critical finding')} open" if critical else ""


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def mission_report(*, mission: Mission, report: MissionReport, records: Records, titles: Mapping[str, str]) -> str:
    """The report as Markdown. `titles` of Tasks, by name."""
    zone, period = mission.timezone, report.period
    return render(
        "mission_report.md.j2",
        mission=mission.title,
        state=mission.state.value,
        since=moment(period.since, zone),
        until=moment(period.until, zone),
        headline=headline(report),
        picture=runs_chart(days(records.runs, records.fires, period, zone)),
        totals=_totals(report),
        tasks=[_row(row, titles.get(row.task, "")) for row in report.tasks],
        attention=[{"task": task, "why": why} for task, why in report.attention],
        counts={trend.value: number for trend, number in counts(report.findings).items()},
        findings=[_finding(one, zone) for one in report.findings[:_MOST_FINDINGS]],
        more_findings=max(0, len(report.findings) - _MOST_FINDINGS),
        people=_people(report.people),
        open_requests=[
            {"title": one.title, "run": short_id(one.run_id), "until": f"{minute(one.deadline, zone)}, {zone or 'UTC'}"}
            for one in report.open_requests
        ],
        skipped=[{"task": task, "reason": reason, "count": number} for task, reason, number in report.skipped],
        broken=[{"name": name, "reason": reason} for name, reason in report.broken_channels],
        runs=_listed(records.runs, period, zone),
    )


def headline(report: MissionReport) -> str:
    """The report in a sentence or two; plain text."""
    figures, found = report.figures, counts(report.findings)
    runs = f"{_many(figures.runs, 'run')}: {figures.success} succeeded, {figures.failed} failed, "
    runs += f"{figures.cancelled} cancelled" + (f", {figures.running} still running" if figures.running else "")
    findings = f"Findings: {found[Trend.NEW]} new, {found[Trend.PERSISTING]} persisting, {found[Trend.RESOLVED]} resolved."
    waits = f" {_many(len(report.open_requests), 'open question')}." if report.open_requests else ""
    return f"{runs}. {findings}{waits}"


def severity(report: MissionReport) -> Severity:
    """How much the report matters: as its worst open finding, and a failed run is a warning at least."""
    given = {one.severity for one in report.findings if one.trend is not Trend.RESOLVED}
    given |= {Severity.WARNING} if report.figures.failed or report.broken_channels else set[Severity]()
    order = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    return next((one for one in order if one in given), Severity.OK)


def _totals(report: MissionReport) -> list[dict[str, str]]:
    """Figures beside those of the period before."""
    now, then = report.figures, report.before
    rows = [
        ("Runs", now.runs, then.runs),
        ("Success", now.success, then.success),
        ("Failed", now.failed, then.failed),
        ("Cancelled", now.cancelled, then.cancelled),
        ("Tokens", now.tokens, then.tokens),
    ]
    counted = [_counted(name, present, past) for name, present, past in rows]
    time = {"name": "Running time", "now": duration(now.worked), "before": duration(then.worked), "change": ""}
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


def _finding(one: FindingTrend, zone: str) -> dict[str, object]:
    seen = {"first": minute(one.first_seen, zone), "last": minute(one.last_seen, zone)}
    return {**asdict(one), **seen, "severity": one.severity.value, "trend": one.trend.value}


def _people(people: PeopleFigures) -> dict[str, object]:
    waited = duration(people.answer_seconds) if people.answer_seconds is not None else ""
    return {**asdict(people), "answer_time": waited}


def _listed(runs: Sequence[RunRecord], period: Period, zone: str) -> list[dict[str, object]]:
    mine = sorted((run for run in runs if period.has(run.started_at)), key=lambda run: (run.started_at, run.id), reverse=True)
    return [
        {
            "id": short_id(run.id),
            "task": run.task,
            "at": minute(run.started_at, zone),
            "state": run.state.value,
            "reason": run.reason,
        }
        for run in mine[:_MOST_RUNS]
    ]

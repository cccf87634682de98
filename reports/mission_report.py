"""Reckons the Mission Report: a period of a Mission in figures, trends and open questions, all from its records (R6.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from blueprint.notification import ChannelState
from blueprint.records import FireRecord, RunRecord, RunState
from blueprint.requests import Request, RequestState
from blueprint.stream import Severity
from reports.period import PeopleFigures, Period, RunFigures, Skips, TaskFigures, people_figures, run_figures, skips, task_figures
from reports.text import one_line
from reports.trend import FindingTrend, Trend, counts, finding_trends

_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the report is made of. `runs` and `fires` reach back at least one period more than is reported."""

    runs: Sequence[RunRecord]
    fires: Sequence[FireRecord]
    requests: Sequence[Request]
    channels: Mapping[str, ChannelState]


@dataclass(frozen=True, kw_only=True)
class MissionReport:
    """All that a report says, before it is put into words. `before` and `skips_before` are of the period before."""

    period: Period
    figures: RunFigures
    before: RunFigures
    tasks: tuple[TaskFigures, ...]
    findings: tuple[FindingTrend, ...]
    people: PeopleFigures
    open_requests: tuple[Request, ...]
    closed_requests: tuple[Request, ...]
    skipped: tuple[Skips, ...]
    skips_before: int
    attention: tuple[tuple[str, str], ...]
    broken_channels: tuple[tuple[str, datetime, str], ...]
    """Names, since when they take nothing, and why the last attempt failed."""

    @property
    def skips(self) -> int:
        """Fires that did not become runs."""
        return sum(row.count for row in self.skipped)


def build(tasks: Sequence[str], records: Records, period: Period) -> MissionReport:
    """Everything that the report says. `tasks` are those of the plan in force, in its order."""
    rows = task_figures(tasks, records.runs, records.fires, period)
    findings, skipped = finding_trends(records.runs, period), skips(records.fires, period)
    waiting = tuple(request for request in records.requests if request.state is RequestState.OPEN)
    closed = tuple(one for one in records.requests if one.state is not RequestState.OPEN and period.has(one.asked_at))
    channels = sorted(records.channels.items())
    broken = tuple((name, one.failing_since, one.reason) for name, one in channels if one.failing_since is not None)
    return MissionReport(
        period=period,
        figures=run_figures(records.runs, period),
        before=run_figures(records.runs, period.before),
        tasks=rows,
        findings=findings,
        people=people_figures(records.requests, period),
        open_requests=waiting,
        closed_requests=tuple(sorted(closed, key=lambda one: one.asked_at, reverse=True)),
        skipped=skipped,
        skips_before=sum(row.count for row in skips(records.fires, period.before)),
        attention=(*_attention(rows, findings, skipped), *_people(closed), *_channels(broken)),
        broken_channels=broken,
    )


def _attention(rows: Sequence[TaskFigures], findings: Sequence[FindingTrend], skipped: Sequence[Skips]) -> list[tuple[str, str]]:
    """Tasks that people should look at, with why."""
    found = list[tuple[str, str]]()
    for row in rows:
        reasons = [
            f"its last run failed: {one_line(row.last.reason, 160)}" if row.last and row.last.state is RunState.FAILED else "",
            f"{row.figures.failed} of {row.figures.runs} runs failed" if row.figures.failed > 1 else "",
            _not_run(row, skipped),
            _critical(row.task, findings),
        ]
        if told := "; ".join(reason for reason in reasons if reason):
            found.append((row.task, told))
    return found


def _not_run(row: TaskFigures, skipped: Sequence[Skips]) -> str:
    whys = ", ".join(one.why for one in skipped if one.task == row.task)
    return f"{many(row.skipped, 'fire')} did not become a run ({whys})" if row.skipped else ""


def _people(closed: Sequence[Request]) -> list[tuple[str, str]]:
    late = [request for request in closed if request.state is RequestState.EXPIRED]
    named = ", ".join(dict.fromkeys(one_line(request.title, 80) for request in late[:_MOST_NAMED]))
    more = f" and {len(late) - _MOST_NAMED} more" if len(late) > _MOST_NAMED else ""
    return [("people", f"{many(len(late), 'question')} not answered in time: {named}{more}")] if late else []


def _channels(broken: Sequence[tuple[str, datetime, str]]) -> list[tuple[str, str]]:
    names = ", ".join(name for name, _, _ in broken)
    return [("notifications", f"{many(len(broken), 'channel')} not taking messages: {names}")] if broken else []


def _critical(task: str, findings: Sequence[FindingTrend]) -> str:
    open_ones = [one for one in findings if one.task == task and one.trend is not Trend.RESOLVED]
    critical = sum(one.severity is Severity.CRITICAL for one in open_ones)
    return f"{many(critical, 'critical finding')} open" if critical else ""


def many(number: int, noun: str) -> str:
    """`1 run`, `2,000 runs`."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def headline(report: MissionReport) -> str:
    """The report in a sentence or two; plain text."""
    figures, found = report.figures, counts(report.findings)
    runs = f"{many(figures.runs, 'run')}: {figures.success} succeeded, {figures.failed} failed, "
    runs += f"{figures.cancelled} cancelled" + (f", {figures.running} still running" if figures.running else "")
    runs += f"; {many(report.skips, 'fire')} did not become a run" if report.skips else ""
    findings = f"Findings: {found[Trend.NEW]} new, {found[Trend.PERSISTING]} persisting, {found[Trend.RESOLVED]} resolved."
    waits = f" {many(len(report.open_requests), 'open question')}." if report.open_requests else ""
    return f"{runs}. {findings}{waits}"


def severity(report: MissionReport) -> Severity:
    """How much the report matters: as its worst open finding, and a failed run is a warning at least."""
    given = {one.severity for one in report.findings if one.trend is not Trend.RESOLVED}
    given |= {Severity.WARNING} if report.figures.failed or report.broken_channels else set[Severity]()
    order = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    return next((one for one in order if one in given), Severity.OK)

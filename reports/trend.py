"""Follows findings over the runs of a Task: new, persisting, resolved, first and last seen (R6.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from blueprint.records import RunRecord
from blueprint.stream import Finding, Severity
from reports.comparison import open_findings
from reports.period import Period

_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.OK)


class Trend(StrEnum):
    """What became of a finding in a period."""

    NEW = "new"
    PERSISTING = "persisting"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class FindingTrend:
    """One finding of a Task. `seen` counts the runs of the period that had it; severity, title and `last_run` are the latest."""

    task: str
    title: str
    severity: Severity
    trend: Trend
    first_seen: datetime
    last_seen: datetime
    last_run: str
    seen: int


def finding_trends(runs: Sequence[RunRecord], period: Period) -> tuple[FindingTrend, ...]:
    """The findings that call for attention and were open at some time in the period: those still open first, by severity.

    Only runs with a conclusion count: one that failed before it looked resolves nothing. `runs` reach back as far as
    first times are to be known.
    """
    concluded = sorted(
        (run for run in runs if run.conclusion is not None and run.started_at < period.until),
        key=lambda run: (run.started_at, run.id),
    )
    tasks = dict.fromkeys(run.task for run in concluded)
    found = [one for task in tasks for one in _of_task(task, [run for run in concluded if run.task == task], period)]
    return tuple(sorted(found, key=_place))


def _place(one: FindingTrend) -> tuple[bool, int, int, str, str]:
    return (one.trend is Trend.RESOLVED, _ORDER.index(one.severity), list(Trend).index(one.trend), one.task, one.title)


def _of_task(task: str, runs: Sequence[RunRecord], period: Period) -> list[FindingTrend]:
    seen: dict[str, list[tuple[RunRecord, Finding]]] = {}
    for run in runs:
        for key, finding in open_findings(run.conclusion).items():
            seen.setdefault(key, []).append((run, finding))
    last_keys = open_findings(runs[-1].conclusion).keys()
    before = [run for run in runs if run.started_at < period.since]
    at_start = open_findings(before[-1].conclusion).keys() if before else frozenset[str]()
    return [
        _followed(task, sightings, period, is_open=key in last_keys)
        for key, sightings in seen.items()
        if key in at_start or any(period.has(run.started_at) for run, _ in sightings)
    ]


def _followed(task: str, sightings: Sequence[tuple[RunRecord, Finding]], period: Period, *, is_open: bool) -> FindingTrend:
    (first, _), (last, finding) = sightings[0], sightings[-1]
    trend = Trend.RESOLVED if not is_open else Trend.NEW if period.has(first.started_at) else Trend.PERSISTING
    return FindingTrend(
        task=task,
        title=finding.title,
        severity=finding.severity,
        trend=trend,
        first_seen=first.started_at,
        last_seen=last.started_at,
        last_run=last.id,
        seen=sum(period.has(run.started_at) for run, _ in sightings),
    )


def counts(trends: Sequence[FindingTrend]) -> Mapping[Trend, int]:
    """How many of each."""
    return {trend: sum(one.trend is trend for one in trends) for trend in Trend}

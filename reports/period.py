"""Counts what happened in a Mission within a period, from its records and from nothing else (R6.2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from blueprint.records import FireRecord, RunRecord, RunState
from blueprint.requests import Decision, Request, RequestState
from blueprint.stream import Usage
from blueprint.values import zone

_AGREED = {Decision.APPROVE, Decision.APPROVE_RUN, Decision.LAUNCH}
_REFUSED = {Decision.REJECT}


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `since`, which belongs to it, to `until`, which does not."""

    since: datetime
    until: datetime

    def has(self, at: datetime) -> bool:
        """Whether the moment lies in it."""
        return self.since <= at < self.until

    @property
    def before(self) -> "Period":
        """The one of the same length that comes before."""
        return Period(since=self.since - (self.until - self.since), until=self.since)


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """Runs that began in a period, by how they stand, and what they used. Times are in seconds."""

    runs: int
    success: int
    failed: int
    cancelled: int
    running: int
    worked: float
    usage: Usage

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.usage.input_tokens + self.usage.output_tokens


@dataclass(frozen=True, kw_only=True)
class TaskFigures:
    """One Task in a period."""

    task: str
    figures: RunFigures
    skipped: int
    last: RunRecord | None


@dataclass(frozen=True, kw_only=True)
class PeopleFigures:
    """Requests that were asked in a period, by how they ended; `answer_seconds` is the median, None without an answer."""

    asked: int
    agreed: int
    refused: int
    answered: int
    expired: int
    cancelled: int
    open: int
    answer_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Skips:
    """Fires of a Task that did not become runs for one reason: how many, and of the latest its time and the whole sentence."""

    task: str
    why: str
    count: int
    last_for: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class DayFigures:
    """One day of a period, for the picture."""

    day: date
    success: int
    failed: int
    cancelled: int
    running: int
    skipped: int


def run_figures(runs: Sequence[RunRecord], period: Period) -> RunFigures:
    """The runs that began in the period."""
    mine = [run for run in runs if period.has(run.started_at)]
    states = Counter(run.state for run in mine)
    return RunFigures(
        runs=len(mine),
        success=states[RunState.SUCCESS],
        failed=states[RunState.FAILED],
        cancelled=states[RunState.CANCELLED],
        running=states[RunState.RUNNING],
        worked=sum(run.running_seconds for run in mine),
        usage=sum((run.usage for run in mine), Usage()),
    )


def task_figures(
    tasks: Sequence[str], runs: Sequence[RunRecord], fires: Sequence[FireRecord], period: Period
) -> tuple[TaskFigures, ...]:
    """Each of `tasks`, then those that are in the records only, by name."""
    mine = [run for run in runs if period.has(run.started_at)]
    missed = [fire for fire in fires if period.has(fire.at)]
    others = sorted({one.task for one in (*mine, *missed)} - set(tasks))
    return tuple(_task(name, mine, missed, period) for name in (*tasks, *others))


def _task(name: str, runs: Sequence[RunRecord], fires: Sequence[FireRecord], period: Period) -> TaskFigures:
    own = [run for run in runs if run.task == name]
    return TaskFigures(
        task=name,
        figures=run_figures(own, period),
        skipped=sum(fire.count for fire in fires if fire.task == name),
        last=max(own, key=lambda run: (run.started_at, run.id), default=None),
    )


def people_figures(requests: Sequence[Request], period: Period) -> PeopleFigures:
    """The requests that were asked in the period, as they stand now."""
    mine = [request for request in requests if period.has(request.asked_at)]
    states = Counter(request.state for request in mine)
    answers = [(request, request.answer) for request in mine if request.answer is not None]
    agreed = sum(answer.decision in _AGREED for _, answer in answers)
    refused = sum(answer.decision in _REFUSED for _, answer in answers)
    times = [(answer.at - request.asked_at).total_seconds() for request, answer in answers]
    return PeopleFigures(
        asked=len(mine),
        agreed=agreed,
        refused=refused,
        answered=len(answers) - agreed - refused,
        expired=states[RequestState.EXPIRED],
        cancelled=states[RequestState.CANCELLED],
        open=states[RequestState.OPEN],
        answer_seconds=median(times) if times else None,
    )


def skips(fires: Sequence[FireRecord], period: Period) -> tuple[Skips, ...]:
    """The fires of the period that did not become runs, by Task and reason; the most first."""
    found: dict[tuple[str, str], list[FireRecord]] = {}
    for fire in sorted(fires, key=lambda one: one.scheduled_for):
        if period.has(fire.at):
            found.setdefault((fire.task, fire.refusal.value if fire.refusal else "skipped"), []).append(fire)
    rows = [
        Skips(
            task=task, why=why, count=sum(one.count for one in group), last_for=group[-1].scheduled_for, reason=group[-1].reason
        )
        for (task, why), group in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.count, row.task, row.why)))


def days(runs: Sequence[RunRecord], fires: Sequence[FireRecord], period: Period, timezone: str) -> tuple[DayFigures, ...]:
    """Every day of the period in the zone, also those on which nothing happened."""
    where = zone(timezone)
    first, last = period.since.astimezone(where).date(), (period.until - timedelta(seconds=1)).astimezone(where).date()
    all_days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    states = Counter((run.started_at.astimezone(where).date(), run.state) for run in runs if period.has(run.started_at))
    skipped = Counter[date]()
    for fire in fires:
        if period.has(fire.at):
            skipped[fire.at.astimezone(where).date()] += fire.count
    return tuple(
        DayFigures(
            day=day,
            success=states[day, RunState.SUCCESS],
            failed=states[day, RunState.FAILED],
            cancelled=states[day, RunState.CANCELLED],
            running=states[day, RunState.RUNNING],
            skipped=skipped[day],
        )
        for day in all_days
    )

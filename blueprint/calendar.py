"""The records of one month: runs, fires that did not become one, and those that are to come (R6.5)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from blueprint.errors import InvalidInput
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Task
from blueprint.records import FireRecord, RunRecord
from blueprint.triggers import Cron, Once, fires_after
from blueprint.values import zone

MOST_TO_COME = 9_000
"""So many fires of one Task are foreseen: every 5 minutes over a month."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month by the calendar of a zone; `until` is the first moment of the next."""

    year: int
    number: int
    timezone: str

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=zone(self.timezone)).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """The first moment of the next month."""
        year, number = (self.year + 1, 1) if self.number == 12 else (self.year, self.number + 1)
        return datetime(year, number, 1, tzinfo=zone(self.timezone)).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the records. Exactly one of `run` and `fire` is set for what is past, none for what is to come."""

    at: datetime
    """When it was due, or is."""
    task: str
    run: RunRecord | None = None
    fire: FireRecord | None = None

    @property
    def state(self) -> str:
        """`Success`, `Running`, …; `skipped`; `to come`."""
        if self.run is not None:
            return self.run.state.value
        return "skipped" if self.fire is not None else "to come"


def read_month(text: str, timezone: str, now: datetime) -> Month:
    """`2026-11`, or the present month for nothing; InvalidInput for anything else."""
    if not text.strip():
        here = now.astimezone(zone(timezone))
        return Month(year=here.year, number=here.month, timezone=timezone)
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text.strip())
    if found is None or not 2000 <= int(found[1]) <= 2999:
        raise InvalidInput(f"{text!r} is no month; write it like '2026-11'.")
    return Month(year=int(found[1]), number=int(found[2]), timezone=timezone)


def entries(
    month: Month,
    now: datetime,
    *,
    mission: Mission,
    plan: Blueprint | None,
    runs: Sequence[RunRecord],
    fires: Sequence[FireRecord],
    task: str = "",
    state: str = "",
) -> list[Entry]:
    """All that belongs to the month, in the order of time; of one Task, or in one state (see `Entry.state`), if so wished."""
    past = [
        *(Entry(at=run.scheduled_for, task=run.task, run=run) for run in runs),
        *(Entry(at=fire.scheduled_for, task=fire.task, fire=fire) for fire in fires),
    ]
    found = [entry for entry in past if month.since <= entry.at < month.until]
    is_active = mission.state is MissionState.ACTIVE
    coming = _coming(plan, max(now, month.since), month.until, plan.timezone or mission.timezone) if plan and is_active else ()
    wanted = (one for one in (*found, *coming) if task in ("", one.task) and state.casefold() in ("", one.state.casefold()))
    return sorted(wanted, key=lambda entry: (entry.at, entry.task))


def _coming(plan: Blueprint, since: datetime, until: datetime, where: str) -> Iterator[Entry]:
    for task in plan.tasks:
        yield from (Entry(at=at.astimezone(UTC), task=task.name) for at in _fires(task, since, until, where))


def _fires(task: Task, since: datetime, until: datetime, where: str) -> Iterable[datetime]:
    """By its own timer; what runs after others has none."""
    if task.after:
        return ()
    match task.trigger:
        case Cron():
            fires = fires_after(task.trigger, since - timedelta(microseconds=1), where)
            return takewhile(lambda at: at < until, islice(fires, MOST_TO_COME))
        case Once(at=at):
            return (at,) if since <= at < until else ()
        case _:
            return ()

"""Draws the records of a month: a calendar of days, and below it a list with links (R6.5)."""

import calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from blueprint.calendar import Entry, Month
from blueprint.values import short_id, zone
from reports.rendering import render
from reports.text import Markdown, link
from reports.times import duration, minute

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LISTED = 300
"""Past lines, and lines to come, that the list shows at most; the calendar counts them all."""
_COMING_LISTED = 50


@dataclass(frozen=True, kw_only=True)
class RunLinks:
    """Where a run is shown in the console; empty for what there is not, or not any more."""

    run: str = ""
    report: str = ""
    session: str = ""


def calendar_page(title: str, month: Month, found: Sequence[Entry], links: Mapping[str, RunLinks], now: datetime) -> str:
    """The month as Markdown; `links` by the ids of runs."""
    past, coming = _shown(found)
    return render(
        "calendar.md.j2",
        title=title,
        month=str(month),
        timezone=month.timezone or "UTC",
        now=minute(now, month.timezone),
        weekdays=list(WEEKDAYS),
        weeks=weeks(month, found),
        rows=[_row(entry, month.timezone, links) for entry in (*past, *coming)],
        more=len(found) - len(past) - len(coming),
        counts=counts(found),
    )


def weeks(month: Month, found: Sequence[Entry]) -> list[list[str]]:
    """A text for each day of the weeks that touch the month, Monday first; empty outside of it."""
    days: dict[date, list[Entry]] = {}
    for entry in found:
        days.setdefault(entry.at.astimezone(zone(month.timezone)).date(), []).append(entry)
    grid = calendar.Calendar().monthdatescalendar(month.year, month.number)
    return [[_day(day, days.get(day, ())) if day.month == month.number else "" for day in week] for week in grid]


def counts(found: Sequence[Entry]) -> str:
    """`3 Success, 1 Failed, 12 to come`."""
    return ", ".join(f"{count} {state}" for state, count in Counter(entry.state for entry in found).items())


def _day(day: date, found: Sequence[Entry]) -> str:
    return f"{day.day}: {counts(found)}" if found else f"{day.day}"


def _shown(found: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    past = [entry for entry in found if entry.state != "to come"]
    coming = [entry for entry in found if entry.state == "to come"]
    return past[-_LISTED:], coming[:_COMING_LISTED]


def _in_month(at: datetime, timezone: str) -> str:
    """`Sat 21 02:00`: the heading names the month, and the console gives wide tables narrow columns."""
    return f"{at.astimezone(zone(timezone)):%a %d %H:%M}"


def _row(entry: Entry, timezone: str, links: Mapping[str, RunLinks]) -> dict[str, str | Markdown]:
    run, reason = entry.run, entry.fire.reason if entry.fire else ""
    row: dict[str, str | Markdown] = {"at": _in_month(entry.at, timezone), "task": entry.task, "state": entry.state}
    row |= {"started": "", "lasted": "", "by": "", "run": "", "report": "", "session": "", "reason": reason}
    if entry.fire is not None:
        row["by"] = entry.fire.started_by or ""
        row["state"] = f"skipped, {entry.fire.count} times" if entry.fire.count > 1 else entry.state
    if run is None:
        return row
    where = links.get(run.id, RunLinks())
    return row | {
        "started": _in_month(run.started_at, timezone),
        "lasted": duration((run.ended_at - run.started_at).total_seconds()) if run.ended_at else "",
        "by": run.started_by.value,
        "reason": run.reason,
        "run": link(short_id(run.id), where.run) if where.run else short_id(run.id),
        "report": link("report", where.report) if where.report else "",
        "session": link("session", where.session) if where.session else "",
    }

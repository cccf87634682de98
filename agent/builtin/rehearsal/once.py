"""Reads single points in time from English: "tomorrow at 18:00", "in 2 hours", "next Friday at 9", "on 2027-05-01 at noon"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.builtin.rehearsal.times import AT_TIME, TIME, TimeOfDay, times_of_day

_MONTHS: Sequence[str] = "january february march april may june july august september october november december".split()
_DAYS: Sequence[str] = "monday tuesday wednesday thursday friday saturday sunday".split()
_CLOCK = rf"(?:{AT_TIME}|{TIME})"
_ONCE = r"(?:\s*,?\s*(?:just |only )?once)"
_DAY = rf"(?P<day>{'|'.join(_DAYS)})"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_NUMBER = r"(?:[12]\d|3[01]|[1-9])"
_DATE = (
    r"(?P<iso>20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
    rf"|(?P<date>{_NUMBER})(?:st|nd|rd|th)?\.? (?:of )?{_MONTH}"
)
_DATE_BACKWARDS = rf"(?P<month_first>{'|'.join(_MONTHS)}) (?P<date_last>{_NUMBER})(?:st|nd|rd|th)?"

_ON_DAYS = (
    rf"(?:(?P<clock_before>{_CLOCK}) )?(?P<near>tomorrow|today|tonight|the day after tomorrow)"
    rf"(?: (?P<part>morning|afternoon|evening|night))?(?:\s*,?\s*(?P<clock>{_CLOCK}))?",
    r"in (?P<amount>\d{1,4}|an?|half an)\s*(?P<unit>minutes?|hours?|days?)(?! time)",
    rf"(?:on )?(?:next|this coming|the coming) {_DAY}(?:\s*,?\s*(?P<next_clock>{_CLOCK}))?",
    rf"on (?:the )?(?:{_DATE})(?:,? (?P<year>20\d\d))?(?:\s*,?\s*(?P<date_clock>{_CLOCK}))?",
    rf"on {_DATE_BACKWARDS}(?:,? (?P<year_last>20\d\d))?(?:\s*,?\s*(?P<last_clock>{_CLOCK}))?",
)
_SAID_ONCE = (
    rf"(?:just |only )?once (?:on {_DAY}\s*)?(?P<once_clock>{_CLOCK})",
    rf"on {_DAY}\s*(?P<day_clock>{_CLOCK})?\s*,?\s*(?:just |only )?once\b(?! a)",
    rf"(?P<late_clock>{_CLOCK})\s*,?\s*(?:just |only )?once\b(?! a)",
)
AT_ONCE = tuple(pattern.replace(" ", r"\s+") for pattern in (*(rf"(?:once )?(?:{one}){_ONCE}?" for one in _ON_DAYS), *_SAID_ONCE))
"""Patterns of a single time; every one has groups of its own."""


@dataclass(frozen=True, kw_only=True)
class OnceAt:
    """A point in time as it was said, before it is known what time it is now."""

    clock: TimeOfDay | None = None
    days: int | None = None
    weekday: int | None = None
    date: tuple[int, int, int] | None = None
    """Year (0: the next one), month, day."""
    minutes: int | None = None
    """From now."""

    def moment(self, now: datetime) -> datetime:
        """The time in the zone of `now`; one that is said without a day is the next such time."""
        if self.minutes is not None:
            return (now + timedelta(minutes=self.minutes)).replace(second=0, microsecond=0)
        clock = self.clock or TimeOfDay(hour=9)
        at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
        if self.date is not None:
            return _on_date(at, self.date, now)
        if self.weekday is not None:
            ahead = (self.weekday - now.weekday()) % 7
            return at + timedelta(days=ahead or 7)
        if self.days is not None:
            return at + timedelta(days=self.days)
        return at if at > now else at + timedelta(days=1)


def read_once(match: re.Match[str]) -> OnceAt:
    """What one of the patterns `AT_ONCE` found."""
    said = {name: text.lower() for name, text in match.groupdict().items() if text}
    clock = _clock(next((text for name, text in said.items() if "clock" in name), ""), said)
    if "unit" in said:
        return OnceAt(minutes=_minutes(said["amount"], said["unit"]))
    if "near" in said:
        return OnceAt(clock=clock, days={"tomorrow": 1, "the day after tomorrow": 2}.get(said["near"], 0))
    if "day" in said:
        return OnceAt(clock=clock, weekday=_DAYS.index(said["day"]))
    if date := _date(said):
        return OnceAt(clock=clock, date=date)
    return OnceAt(clock=clock)


def _clock(text: str, said: dict[str, str]) -> TimeOfDay | None:
    part = "evening" if said.get("near") == "tonight" else said.get("part", "")
    if text:
        return times_of_day(text, part)[0]
    hour = {"morning": 8, "afternoon": 14, "evening": 20, "night": 22}.get(part)
    return TimeOfDay(hour=hour) if hour else None


def _minutes(amount: str, unit: str) -> int:
    each = {"m": 1, "h": 60, "d": 24 * 60}[unit[0]]
    if amount.startswith("half"):
        return each // 2
    return (int(amount) if amount.isdigit() else 1) * each


def _date(said: dict[str, str]) -> tuple[int, int, int] | None:
    if iso := said.get("iso"):
        year, month, day = (int(part) for part in iso.split("-"))
        return year, month, day
    if "month" in said:
        return int(said.get("year", 0)), _MONTHS.index(said["month"]) + 1, int(said["date"])
    if "month_first" in said:
        return int(said.get("year_last", 0)), _MONTHS.index(said["month_first"]) + 1, int(said["date_last"])
    return None


def _on_date(at: datetime, date: tuple[int, int, int], now: datetime) -> datetime:
    """The date at that time of day; without a year the next such date. A date that is none is the last day of its month."""
    year, month, day = date
    found = _nearest(at, year or now.year, month, day)
    return found if year or found > now else _nearest(at, now.year + 1, month, day)


def _nearest(at: datetime, year: int, month: int, day: int) -> datetime:
    while True:
        try:
            return at.replace(year=year, month=month, day=day)
        except ValueError:
            if day <= 28:
                raise
            day -= 1

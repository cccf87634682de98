"""When a Task starts: at cron times, once, on an event, or only by hand (R2.5)."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter
from pydantic import Field, field_validator

from blueprint.values import Moment, TimeZone, Value, zone

SMALLEST_INTERVAL = timedelta(minutes=5)
"""Cron times that lie closer together are refused (R2.3)."""


class Cron(Value):
    """At every time that a cron expression names."""

    kind: Literal["cron"] = "cron"
    cron: str = Field(max_length=100, description="Five fields: minute hour day-of-month month day-of-week, e.g. '0 2 * * *'.")
    timezone: TimeZone = Field(default="", description="IANA time zone of the times; empty for the Mission's.")

    @field_validator("cron")
    @classmethod
    def _is_real(cls, text: str) -> str:
        return checked_cron(text)


class Once(Value):
    """One time only."""

    kind: Literal["once"] = "once"
    at: Moment = Field(description="When, ISO 8601 with an offset, e.g. '2026-11-21T18:00:00+01:00'.")


Label = Annotated[str, Field(min_length=1, max_length=200)]
"""Name of a label of events."""


class LabelMatch(Value):
    """One label of an event and the value, or its beginning, that it must have."""

    label: str = Field(min_length=1, max_length=200, description="The event's label, e.g. 'alertname'.")
    value: str = Field(max_length=500, description="The value that it must have; * at its end stands for anything.")


class Event(Value):
    """When an event arrives whose name and labels fit."""

    kind: Literal["event"] = "event"
    event: str = Field(min_length=1, max_length=200, description="Name of the event, e.g. 'alertmanager.firing'.")
    match: tuple[LabelMatch, ...] = Field(default=(), max_length=20, description="Labels that must all fit.")
    threshold: int = Field(default=1, ge=1, le=10_000, description="So many events within the window start one run.")
    within_seconds: int = Field(default=0, ge=0, le=86_400, description="The window of the threshold, in seconds.")
    cooldown_seconds: int = Field(default=0, ge=0, le=31 * 86_400, description="No second run within this time.")
    deduplicate_by: tuple[Label, ...] = Field(default=(), max_length=20, description="Labels that make two events the same one.")


class Manual(Value):
    """Only when somebody asks for it."""

    kind: Literal["manual"] = "manual"


LEFT_OUT_COMES_LATER = sys.version_info >= (3, 13)
"""Whether a time that the clock leaves out comes an hour later, or earlier: Prefect's schedules differ by Python's version."""

_LONGEST_JUMP = timedelta(hours=2)
"""So far a clock may be put forward; what it leaves out comes later by as much."""

Trigger = Annotated[Cron | Once | Event | Manual, Field(discriminator="kind")]


_LOOK_BACK = tuple(timedelta(hours=hours) for hours in (2, 25, 24 * 8, 24 * 32, 24 * 367, 24 * 366 * 9))
"""Further and further, so that few times are gone through; the last one finds a 29 February over the year 2100."""

_LOOK_FROM, _LOOK_TO = datetime(2027, 1, 1), datetime(2055, 1, 1)  # noqa: DTZ001 wall-clock times, no zone meant
"""In 28 years every day of a year falls on every weekday."""


@lru_cache(maxsize=1024)  # every plan that is loaded asks again
def checked_cron(text: str) -> str:
    """`text` with single spaces; ValueError unless it has 5 fields, names real times, and none closer than 5 minutes (R2.3)."""
    fields = " ".join(text.split())
    if len(fields.split(" ")) != 5:
        raise ValueError(f"{text!r} has {len(text.split())} fields; a cron expression has 5: minute hour day month weekday")
    if re.search(r"\b[rh]\b", fields, re.IGNORECASE):
        raise ValueError(f"{text!r} has a random field (R or H); name the times, so that the plan says when it runs")
    try:
        schedule = croniter(fields, _LOOK_FROM)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{text!r} is no cron expression: {error}") from error
    times = list(takewhile(lambda time: time < _LOOK_TO, islice(_walls(schedule), 1000)))
    if not times:
        raise ValueError(f"{text!r} never fires before {_LOOK_TO.year}; name days that the calendar has")
    if any(later - earlier < SMALLEST_INTERVAL for earlier, later in pairwise(times)):
        raise ValueError(f"{text!r} fires more often than every 5 minutes; write for example '*/5 * * * *'")
    return fields


def next_fires(trigger: Trigger, after: datetime, mission_zone: str, count: int = 3) -> tuple[datetime, ...]:
    """The next `count` times at which `trigger` fires by itself, in its own zone; none for event and manual."""
    match trigger:
        case Cron():
            return tuple(islice(fires_after(trigger, after, mission_zone), count))
        case Once():
            at = trigger.at.astimezone(zone(mission_zone))
            return (at,) if trigger.at > after else ()
        case Event() | Manual():
            return ()


def latest_fire(trigger: Trigger, until: datetime, mission_zone: str) -> datetime | None:
    """The last time up to and including `until` at which `trigger` was to fire by itself; None when there was none for years."""
    match trigger:
        case Cron():
            for span in _LOOK_BACK:
                fires = fires_after(trigger, until - span, mission_zone)
                if passed := list(takewhile(lambda moment: moment <= until, fires)):
                    return passed[-1]
            return None
        case Once():
            return trigger.at.astimezone(zone(mission_zone)) if trigger.at <= until else None
        case Event() | Manual():
            return None


def fires_after(trigger: Cron, after: datetime, mission_zone: str) -> Iterator[datetime]:
    """The moments after `after`, as Prefect counts them: by the wall clock, each time of the clock once."""
    where = zone(trigger.timezone or mission_zone)
    given: set[datetime] = set()
    for wall in _walls(croniter(trigger.cron, (after - _LONGEST_JUMP).astimezone(where).replace(tzinfo=None))):
        moment = _moment(wall, where)
        if moment > after and moment not in given:
            given.add(moment)
            yield moment


def _moment(wall: datetime, where: ZoneInfo) -> datetime:
    """The first of two when the clock is put back; when it is put forward and leaves `wall` out, an hour off, as in Prefect."""
    first, second = (wall.replace(tzinfo=where, fold=fold).astimezone(UTC).astimezone(where) for fold in (0, 1))
    return first if LEFT_OUT_COMES_LATER or first.replace(tzinfo=None) == wall else second


def _walls(schedule: croniter) -> Iterator[datetime]:
    """Times of the wall clock, until there are none within the years that croniter looks ahead."""
    with suppress(CroniterBadDateError):
        while True:
            yield schedule.get_next(datetime)

"""When a Task starts: at cron times, once, on an event, or only by hand (R2.5)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Annotated, Literal

from croniter import croniter
from pydantic import Field, field_validator

from blueprint.values import Moment, TimeZone, Value, zone

SMALLEST_INTERVAL = timedelta(minutes=5)
"""Cron times that lie closer together are refused (R2.3)."""


class Cron(Value):
    """At every time that a cron expression names."""

    kind: Literal["cron"] = "cron"
    cron: str = Field(description="Five fields: minute hour day-of-month month day-of-week, e.g. '0 2 * * *'.")
    timezone: TimeZone = Field(default="", description="IANA time zone of the times; empty for the Mission's.")

    @field_validator("cron")
    @classmethod
    def _is_real(cls, text: str) -> str:
        return checked_cron(text)


class Once(Value):
    """One time only."""

    kind: Literal["once"] = "once"
    at: Moment = Field(description="When, ISO 8601 with an offset, e.g. '2026-11-21T18:00:00+01:00'.")


class LabelMatch(Value):
    """One label of an event and the value, or glob, that it must have."""

    label: str = Field(description="The event's label, e.g. 'alertname'.")
    value: str = Field(description="The value that it must have; * stands for anything.")


class Event(Value):
    """When an event arrives whose name and labels fit."""

    kind: Literal["event"] = "event"
    event: str = Field(min_length=1, description="Name of the event, e.g. 'alertmanager.firing'.")
    match: tuple[LabelMatch, ...] = Field(default=(), description="Labels that must all fit.")
    threshold: int = Field(default=1, ge=1, description="So many events within the window start one run.")
    within_seconds: int = Field(default=0, ge=0, description="The window of the threshold, in seconds.")
    cooldown_seconds: int = Field(default=0, ge=0, description="No second run within this time.")
    deduplicate_by: tuple[str, ...] = Field(default=(), description="Labels that make two events the same one.")


class Manual(Value):
    """Only when somebody asks for it."""

    kind: Literal["manual"] = "manual"


Trigger = Annotated[Cron | Once | Event | Manual, Field(discriminator="kind")]


def checked_cron(text: str) -> str:
    """`text` with single spaces; ValueError unless it has 5 fields, names real times, and none closer than 5 minutes (R2.3)."""
    fields = " ".join(text.split())
    if len(fields.split(" ")) != 5:
        raise ValueError(f"{text!r} has {len(text.split())} fields; a cron expression has 5: minute hour day month weekday")
    if re.search(r"\b[rh]\b", fields, re.IGNORECASE):
        raise ValueError(f"{text!r} has a random field (R or H); name the times, so that the plan says when it runs")
    try:
        times = list(islice(_times(fields, datetime(2027, 1, 1)), 300))  # noqa: DTZ001 wall-clock times, no zone meant
    except (ValueError, KeyError) as error:
        raise ValueError(f"{text!r} is no cron expression: {error}") from error
    if any(later - earlier < SMALLEST_INTERVAL for earlier, later in pairwise(times)):
        raise ValueError(f"{text!r} fires more often than every 5 minutes; write for example '*/5 * * * *'")
    return fields


def next_fires(trigger: Trigger, after: datetime, mission_zone: str, count: int = 3) -> tuple[datetime, ...]:
    """The next `count` times at which `trigger` fires by itself, in its own zone; none for event and manual."""
    match trigger:
        case Cron():
            start = after.astimezone(zone(trigger.timezone or mission_zone))
            return tuple(islice(_times(trigger.cron, start), count))
        case Once():
            at = trigger.at.astimezone(zone(mission_zone))
            return (at,) if trigger.at > after else ()
        case Event() | Manual():
            return ()


def _times(cron: str, start: datetime) -> Iterator[datetime]:
    schedule = croniter(cron, start)
    while True:
        yield schedule.get_next(datetime)

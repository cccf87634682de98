"""Says in words when a Task starts, and forecasts it (R2.4)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import assert_never

from blueprint.plan import Blueprint, Task
from blueprint.triggers import Cron, Event, Manual, Once, Trigger, next_fires
from blueprint.values import zone
from reports.times import duration, minute

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEK = timedelta(days=7)
_COUNTS = (8, 300, 8 * 24 * 12)
"""How many fires to look at, until they reach over a week: every 5 minutes is the most that a Task may have."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a Task will do by itself: trigger in words, next fires, runs a day (None when nobody can know), clock changes."""

    trigger: str
    fires: tuple[str, ...]
    runs_a_day: float | None
    clock_changes: tuple[str, ...]
    week: tuple[datetime, ...] = ()
    """All starts of the coming week."""


def forecast(task: Task, plan: Blueprint, mission_zone: str, now: datetime) -> Forecast:
    """The forecast of one Task: its fires in the plan's zone, changes of summer time in the zone that the trigger names."""
    plan_zone = plan.timezone or mission_zone
    clock_zone = (task.trigger.timezone if isinstance(task.trigger, Cron) else "") or plan_zone or "UTC"
    fires = next_fires(task.trigger, now, plan_zone, count=3)
    week = _week(task.trigger, now, plan_zone)
    return Forecast(
        trigger=started(task, plan_zone),
        fires=tuple(minute(at, plan_zone) for at in fires),
        runs_a_day=len(week) / 7 if isinstance(task.trigger, Cron) else None,
        clock_changes=_clock_changes((now, *fires), clock_zone),
        week=week,
    )


def in_words(trigger: Trigger, plan_zone: str) -> str:
    """`every day at 02:00, Europe/Berlin`; a cron expression that has no short words is given as it is."""
    match trigger:
        case Cron():
            return f"{cron_in_words(trigger.cron)}, {trigger.timezone or plan_zone or 'UTC'}"
        case Once():
            return f"once, {minute(trigger.at, plan_zone)}, {plan_zone or 'UTC'}"
        case Event():
            return _event_in_words(trigger)
        case Manual():
            return "by hand"
        case _:
            assert_never(trigger)


def started(task: Task, plan_zone: str) -> str:
    """What starts a Task, dependencies included: `after disk and memory`."""
    if not task.after:
        return in_words(task.trigger, plan_zone)
    upstream = f"after {_listed(list(task.after))}"
    return upstream if isinstance(task.trigger, Manual) else f"{upstream}; {in_words(task.trigger, plan_zone)}"


def cron_in_words(cron: str) -> str:
    """The common expressions in words, others as `cron 5 4 1 */2 *`."""
    minutes, hours, day, month, weekday = cron.split()
    if month == "*" and (often := _often(minutes, hours, day, weekday)):
        return often
    times, days = _times(minutes, hours), _days(day, weekday)
    return f"{days} at {times}" if month == "*" and times and days else f"cron `{cron}`"


def _often(minutes: str, hours: str, day: str, weekday: str) -> str:
    if day != "*" or weekday != "*":
        return ""
    if hours == "*" and (step := _even_step(minutes, 60)):
        return f"every {step} minutes"
    if hours == "*" and minutes.isdigit():
        return f"every hour at minute {int(minutes)}"
    if minutes.isdigit() and (step := _even_step(hours, 24)):
        return f"every {step} hours at minute {int(minutes)}"
    return ""


def _even_step(field: str, whole: int) -> int:
    """The N of `*/N` where the steps are even over the whole hour or day, else 0."""
    match = re.fullmatch(r"\*/(\d+)", field)
    step = int(match[1]) if match else 0
    return step if step and whole % step == 0 else 0


def _times(minutes: str, hours: str) -> str:
    if not minutes.isdigit() or not re.fullmatch(r"\d+(,\d+)*", hours):
        return ""
    return _listed([f"{int(hour):02}:{int(minutes):02}" for hour in hours.split(",")])


def _days(day: str, weekday: str) -> str:
    if day == "*":
        return _weekdays(weekday.lower())
    return f"on day {day} of every month" if day.isdigit() and weekday == "*" else ""


def _weekdays(field: str) -> str:
    known = {"*": "every day", "1-5": "on weekdays", "mon-fri": "on weekdays", "0,6": "at weekends", "6,0": "at weekends"}
    if field in known:
        return known[field]
    days = [_weekday(part) for part in field.split(",")]
    if not all(days):
        return ""
    return f"every {days[0]}" if len(days) == 1 else f"on {_listed(days)}"


def _weekday(part: str) -> str:
    if re.fullmatch(r"[0-7]", part):
        return _DAYS[int(part)]
    return next((day for day in _DAYS if day[:3].lower() == part), "")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _event_in_words(trigger: Event) -> str:
    labels = ", ".join(f"{match.label}={match.value}" for match in trigger.match)
    often = f" {trigger.threshold} times within {trigger.within_seconds} s" if trigger.threshold > 1 else ""
    rest = f", at most once in {duration(trigger.cooldown_seconds)}" if trigger.cooldown_seconds else ""
    return f"on event {trigger.event}{often}" + (f" with {labels}" if labels else "") + rest


def _week(trigger: Trigger, now: datetime, plan_zone: str) -> tuple[datetime, ...]:
    if isinstance(trigger, Cron):
        return _week_of_cron(trigger.cron, trigger.timezone or plan_zone, now)
    return tuple(at for at in next_fires(trigger, now, plan_zone) if at - now <= _WEEK)


@lru_cache(maxsize=16)  # many Tasks of a plan often have one schedule
def _week_of_cron(cron: str, timezone: str, now: datetime) -> tuple[datetime, ...]:
    looks = (next_fires(Cron(cron=cron, timezone=timezone), now, "", count=count) for count in _COUNTS)
    fires = next((fires for fires in looks if not fires or fires[-1] - now > _WEEK), ())
    return tuple(at for at in fires if at - now <= _WEEK)


def _clock_changes(moments: tuple[datetime, ...], timezone: str) -> tuple[str, ...]:
    """A sentence for each change of summer time between now and the last of the shown fires."""
    local = [at.astimezone(zone(timezone)) for at in moments]
    return tuple(
        f"The clocks of {timezone} change from {_offset(earlier)} to {_offset(later)}"
        f" before the fire on {minute(later, timezone)}."
        for earlier, later in pairwise(local)
        if earlier.utcoffset() != later.utcoffset()
    )


def _offset(at: datetime) -> str:
    text = f"{at:%z}"
    return f"UTC{text[:3]}:{text[3:]}"

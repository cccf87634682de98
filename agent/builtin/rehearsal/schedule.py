"""Reads when something is to run from English: "every 15 minutes", "tomorrow at 9", "when asked", "when the alert fires"."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.builtin.rehearsal.following import FOLLOWING, Following, read_following
from agent.builtin.rehearsal.happening import HAPPENING, Happening, read_happening
from agent.builtin.rehearsal.once import AT_ONCE, OnceAt, read_once
from agent.builtin.rehearsal.times import AT_TIME, TIME, TimeOfDay, times_of_day

DEFAULT_TIME = TimeOfDay(hour=9)
TIME_WAS_TAKEN = f"No time of day was given; {DEFAULT_TIME.hour:02d}:{DEFAULT_TIME.minute:02d} was taken."
"""The note of a schedule that says days and nothing about the time."""
_PART_TIMES = {"night": 2, "morning": 8, "afternoon": 14, "evening": 18}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a Task runs: at cron times as asked for, valid or not, once, on an event, after others; else when asked.

    `note` says what was assumed.
    """

    cron: str = ""
    note: str = ""
    once: OnceAt | None = None
    happening: Happening | None = None
    following: Following | None = None

    @property
    def is_on_request(self) -> bool:
        """Whether nothing but a person starts it."""
        return not (self.cron or self.once or self.happening or self.following)


@dataclass(frozen=True, kw_only=True)
class SchedulePhrase:
    """A schedule and the place in the text that says it."""

    start: int
    end: int
    schedule: Schedule


def find_schedule(text: str) -> SchedulePhrase | None:
    """The first phrase in `text` that says when; None when there is none."""
    found = [(match.start(), rank, match, read) for rank, (pattern, read) in enumerate(_RULES) if (match := pattern.search(text))]
    if not found:
        return None
    _, _, match, read = min(found, key=lambda item: item[:2])
    return SchedulePhrase(start=match.start(), end=match.end(), schedule=read(match))


def at_another_time(cron: str, text: str) -> str:
    """`cron` moved to the time of day in `text`; every day at that time when it did not run at a time of day before."""
    minute, hour, _ = _clock(times_of_day(text)[:1] or (DEFAULT_TIME,))
    fields = cron.split(" ")
    days = fields[2:] if fields[0].isdigit() and not fields[1].startswith("*") else ["*", "*", "*"]
    return " ".join([minute, hour, *days])


def coarser(cron: str, least_minutes: int) -> str:
    """The mildest change of `cron` after which it fires at least `least_minutes` apart."""
    minute, rest = cron.split(" ", 1)
    if not minute.startswith("*"):
        return cron
    wanted = max(int(minute.removeprefix("*/")) if "/" in minute else 1, least_minutes)
    fitting = next((step for step in _MINUTE_STEPS if step >= wanted), None)
    return f"*/{fitting} {rest}" if fitting else f"0 {rest}"


_MINUTE_STEPS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_HOUR_STEPS = (1, 2, 3, 4, 6, 8, 12)
_NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), start=1
    )
} | {"twenty": 20, "thirty": 30, "forty-five": 45, "sixty": 60, "ninety": 90, "other": 2, "second": 2, "third": 3}
_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}

_NUMBER = rf"(?P<number>\d+|{'|'.join(_NUMBERS)})"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?"
_DAY_LIST = rf"(?P<days>{_DAY}(?:\s*(?:,\s*and|,|and|&)\s*(?:on\s+)?{_DAY})*)"
_DAY_RANGE = rf"(?P<first>{_DAY})\s*(?:to|through|-|\u2013)\s*(?P<last>{_DAY})"
_PART = r"(?P<part>night|morning|afternoon|evening)"
_BEFORE = rf"(?:(?P<before>{AT_TIME}|{TIME})\s*,?\s*)?"
_AFTER = rf"(?:\s*,?\s*(?P<after>{AT_TIME}|{TIME}))?"


def _with_time(days: str) -> str:
    return rf"{_BEFORE}(?:{days}){_AFTER}"


def _every_minutes(match: re.Match[str]) -> Schedule:
    asked = _number(match)
    if asked in _MINUTE_STEPS:
        return Schedule(cron="* * * * *" if asked == 1 else f"*/{asked} * * * *")
    if asked % 60 == 0:
        return _hours(asked // 60)
    if asked < 5:
        return Schedule(cron=f"*/{asked} * * * *")
    if asked > 60:
        return _noted(_hours(asked // 60 + 1), f"Cron can't fire every {asked} minutes evenly")
    return _noted(Schedule(cron=coarser(f"*/{asked} * * * *", 5)), f"Cron can't fire every {asked} minutes evenly")


def _every_hours(match: re.Match[str]) -> Schedule:
    return _hours(_number(match))


def _hours(asked: int) -> Schedule:
    if asked <= 1:
        return Schedule(cron="0 * * * *")
    if asked in _HOUR_STEPS:
        return Schedule(cron=f"0 */{asked} * * *")
    if asked >= 24 and asked % 24 == 0:
        return _days_apart(asked // 24, (TimeOfDay(hour=0),))
    fitting = next((step for step in _HOUR_STEPS if step >= asked), 24)
    cron = "0 0 * * *" if fitting == 24 else f"0 */{fitting} * * *"
    return _noted(Schedule(cron=cron), f"Cron can't fire every {asked} hours evenly")


def _every_days(match: re.Match[str]) -> Schedule:
    times, note = _times(match)
    return Schedule(cron=_days_apart(_number(match), times).cron, note=note)


def _days_apart(days: int, times: tuple[TimeOfDay, ...]) -> Schedule:
    minute, hour, _ = _clock(times)
    return Schedule(cron=f"{minute} {hour} {'*' if days <= 1 else f'*/{days}'} * *")


def _some_times_a_day(match: re.Match[str]) -> Schedule:
    times = {"once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "six": 6}[match["often"].lower()]
    return Schedule(cron="0 9 * * *", note=TIME_WAS_TAKEN) if times == 1 else _hours(24 // times)


def _on(weekdays: str, month_days: str = "*") -> Callable[[re.Match[str]], Schedule]:
    def read(match: re.Match[str]) -> Schedule:
        times, note = _times(match)
        minute, hour, left_out = _clock(times)
        return Schedule(cron=f"{minute} {hour} {month_days} * {weekdays}", note=" ".join(filter(None, [note, left_out])))

    return read


def _on_named_days(match: re.Match[str]) -> Schedule:
    days = sorted({_DAYS[day[:3].lower()] for day in re.findall(_DAY, match["days"], re.IGNORECASE)})
    return _on(",".join(str(day) for day in days))(match)


def _on_day_range(match: re.Match[str]) -> Schedule:
    first, last = (_DAYS[match[name][:3].lower()] for name in ("first", "last"))
    days = sorted({(first + step) % 7 for step in range((last - first) % 7 + 1)})
    return _on(f"{first}-{last}" if first < last else ",".join(str(day) for day in days))(match)


def _on_month_day(match: re.Match[str]) -> Schedule:
    return _on("*", match["date"] if match["date"].isdigit() else "1")(match)


def _at_a_time(match: re.Match[str]) -> Schedule:
    return Schedule(cron=_on("*")(match).cron, note="No days were given; every day was taken.")


def _by_hand(_: re.Match[str]) -> Schedule:
    return Schedule()


def _number(match: re.Match[str]) -> int:
    word = (match["number"] or "1").lower()
    return max(int(word) if word.isdigit() else _NUMBERS[word], 1)


def _times(match: re.Match[str]) -> tuple[tuple[TimeOfDay, ...], str]:
    groups = match.groupdict()
    part = (groups.get("part") or groups.get("parts") or groups.get("nightly") or "").lower().removesuffix("ly")
    said = groups.get("before") or groups.get("after") or ""
    if said:
        return times_of_day(said, part), ""
    time = TimeOfDay(hour=_PART_TIMES[part]) if part else DEFAULT_TIME
    return (time,), f"No time of day was given; {time.hour:02d}:{time.minute:02d} was taken."


def _clock(times: tuple[TimeOfDay, ...]) -> tuple[str, str, str]:
    """Minute and hour fields, and a note when one expression can't say all the times."""
    same = sorted({time.hour for time in times if time.minute == times[0].minute})
    left_out = "" if all(time.minute == times[0].minute for time in times) else "Only times with the same minute fit one Task."
    return str(times[0].minute), ",".join(str(hour) for hour in same), left_out


def _noted(schedule: Schedule, reason: str) -> Schedule:
    return Schedule(cron=schedule.cron, note=f"{reason}; {schedule.cron!r} was taken.")


def _rule(pattern: str, read: Callable[[re.Match[str]], Schedule]) -> tuple[re.Pattern[str], Callable[[re.Match[str]], Schedule]]:
    return re.compile(rf"\b(?:{pattern})(?!\w)", re.IGNORECASE), read


def _once(match: re.Match[str]) -> Schedule:
    return Schedule(once=read_once(match))


def _on_happening(match: re.Match[str]) -> Schedule:
    happening = read_happening(match)
    return Schedule(happening=happening, note=happening.note)


def _after_others(match: re.Match[str]) -> Schedule:
    return Schedule(following=read_following(match))


_RULES = (
    *(_rule(pattern, _after_others) for pattern in FOLLOWING),
    *(_rule(pattern, _on_happening) for pattern in HAPPENING),
    *(_rule(pattern, _once) for pattern in AT_ONCE),
    _rule(
        r"(?:only\s+)?when(?:ever)?\s+(?:it\s+is\s+|it's\s+)?asked(?:\s+for)?|on\s+(?:demand|request)|(?:only\s+)?manual(?:ly)?",
        _by_hand,
    ),
    _rule(r"(?:only\s+)?by\s+hand|(?:only\s+)?when(?:ever)?\s+(?:I|we|somebody|someone)\s+asks?|ad[ -]hoc", _by_hand),
    _rule(rf"(?:every|each)\s+{_NUMBER}\s*(?:minutes?|mins?)", _every_minutes),
    _rule(r"(?:(?:every|each)|once\s+a)\s+(?P<number>)minute", _every_minutes),
    _rule(r"every\s+(?:quarter\s+of\s+an\s+hour|quarter[ -]hour)", lambda _: Schedule(cron="*/15 * * * *")),
    _rule(r"every\s+half\s*(?:an\s+)?-?\s*hour|half[- ]hourly", lambda _: Schedule(cron="*/30 * * * *")),
    _rule(rf"(?:every|each)\s+{_NUMBER}\s*(?:hours?|hrs?|h)", _every_hours),
    _rule(r"hourly|(?:every|each)\s+hour|once\s+an\s+hour", lambda _: Schedule(cron="0 * * * *")),
    _rule(r"(?P<often>once|twice|(?:two|three|four|six)(?=\s+times))(?:\s+times)?\s+(?:a|per)\s+day(?!\s+at)", _some_times_a_day),
    _rule(_with_time(rf"every\s+{_NUMBER}\s+days?"), _every_days),
    _rule(
        _with_time(rf"(?:on\s+)?(?:every|each)\s+{_PART}|(?P<nightly>nightly)|in\s+the\s+(?P<parts>morning|afternoon|evening)s?"),
        _on("*"),
    ),
    _rule(_with_time(r"(?:every|each)\s+day|daily|once\s+(?:a|per)\s+day"), _on("*")),
    _rule(_with_time(r"(?:on\s+)?(?:every\s+|each\s+)?(?:weekdays?|working\s+days?|work\s?days?|business\s+days?)"), _on("1-5")),
    _rule(_with_time(r"(?:on\s+|at\s+)?(?:every\s+|each\s+|the\s+)?weekends?"), _on("0,6")),
    _rule(_with_time(rf"(?:on\s+|from\s+|every\s+)?{_DAY_RANGE}"), _on_day_range),
    _rule(_with_time(rf"(?:(?:weekly|once\s+a\s+week)\s+)?(?:on|every|each)\s+{_DAY_LIST}"), _on_named_days),
    _rule(_with_time(rf"{_DAY_LIST[:-1]})(?<=days)"), _on_named_days),
    _rule(_with_time(r"weekly|every\s+week|each\s+week|once\s+(?:a|per)\s+week"), _on("1")),
    _rule(
        _with_time(r"(?:on\s+)?the\s+(?P<date>[12]?\d|3[01]|first)(?:st|nd|rd|th)?(?:\s+day)?\s+of\s+(?:every|each|the)\s+month"),
        _on_month_day,
    ),
    _rule(_with_time(r"monthly|every\s+month|each\s+month|once\s+(?:a|per)\s+month"), _on("*", "1")),
    _rule(rf"(?P<after>at\s+{TIME}|{AT_TIME}(?=\s*(?:[.,;]|$)))", _at_a_time),
)
"""Patterns in order of preference: of two that begin at the same place the earlier one counts."""

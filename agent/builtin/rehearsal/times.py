"""Reads times of day and time zones from English: "at 14:30", "2 pm", "noon", "Europe/Berlin time"."""

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

_CLOCK = r"(?:[01]?\d|2[0-3])[:.][0-5]\d(?:\s*[ap]\.?m\b\.?)?|(?:1[0-2]|0?\d)\s*[ap]\.?m\b\.?|(?:[01]?\d|2[0-3])\s*o'clock"
_HOUR = r"(?:[01]?\d|2[0-3])(?:h\b)?(?![\d:%]|\.\d|\s*(?:%|[kmgt]?i?b\b|days?\b|hours?\b|minutes?\b))"
_WORD = r"noon|midnight"

TIME = rf"(?:{_CLOCK}|{_WORD})"
"""A time of day that can't be mistaken for another number."""

AT_TIME = rf"at\s+(?:{_CLOCK}|{_WORD}|{_HOUR})(?:\s*(?:,|and|&)\s*(?:at\s+)?(?:{_CLOCK}|{_WORD}|{_HOUR}))*"
"""One or more times of day after "at", where a bare hour will do too."""

_ANY_TIME = re.compile(rf"{_CLOCK}|{_WORD}|{_HOUR}", re.IGNORECASE)
_ZONE = re.compile(r"\b([A-Za-z]+(?:/[A-Za-z0-9_+\-]+)+|UTC|GMT)\b(\s+time\b)?", re.IGNORECASE)
_CITY = re.compile(r"\b([A-Z][a-z]+(?: [A-Z][a-z]+)?)\s+time\b")


@dataclass(frozen=True, kw_only=True)
class TimeOfDay:
    """Hour and minute on the wall."""

    hour: int
    minute: int = 0


@dataclass(frozen=True, kw_only=True)
class ZonePhrase:
    """A time zone that a text names, known or not, and where."""

    start: int
    end: int
    name: str


def times_of_day(text: str, part: str = "") -> tuple[TimeOfDay, ...]:
    """All times in `text`; `part` ("night", "evening", "afternoon") says which half of the day a bare hour means."""
    return tuple(_time(match.group().lower(), part) for match in _ANY_TIME.finditer(text))


def find_zone(text: str) -> ZonePhrase | None:
    """The first time zone that `text` names: an IANA name, or a city before the word "time"."""
    for match in _ZONE.finditer(text):
        name = _known_zones().get(match[1].casefold())
        if name or match[2]:
            return ZonePhrase(start=match.start(), end=match.end(), name=name or match[1])
    for match in _CITY.finditer(text):
        if name := _cities().get(match[1].casefold()):
            return ZonePhrase(start=match.start(), end=match.end(), name=name)
    return None


def _time(text: str, part: str) -> TimeOfDay:
    if text in ("noon", "midnight"):
        return TimeOfDay(hour=12 if text == "noon" else 0)
    hour, minute = (int(number) for number in (*re.findall(r"\d+", text), "0")[:2])
    half = re.search(r"[ap](?=\.?m)", text)
    if half:
        return TimeOfDay(hour=hour % 12 + (12 if half.group() == "p" else 0), minute=minute)
    return TimeOfDay(hour=hour + 12 if _is_later_half(hour, part) else hour, minute=minute)


def _is_later_half(hour: int, part: str) -> bool:
    return (part in ("evening", "afternoon") and 1 <= hour < 12) or (part == "night" and 6 <= hour < 12)


@cache
def _known_zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@cache
def _cities() -> dict[str, str]:
    places = {name.rsplit("/", 1)[-1].replace("_", " ").casefold(): name for name in sorted(available_timezones()) if "/" in name}
    return {place: name for place, name in places.items() if not name.startswith("Etc/")}

"""The small values that everything else is made of: names, canonical JSON, digests, moments."""

import hashlib
import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, JsonValue, StringConstraints

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"


class Value(BaseModel):
    """A frozen pydantic value that refuses unknown fields; base of all that comes from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def known_timezone(name: str) -> str:
    """The IANA zone `name` itself; ValueError when there is no such zone. Empty means: not given."""
    if name and name not in _zone_names():
        raise ValueError(f"{name!r} is no IANA time zone; write for example 'UTC' or 'Europe/Berlin'")
    return name


@cache
def _zone_names() -> frozenset[str]:
    """All zones; kept, because looking them up reads a folder tree and every Mission that is loaded asks."""
    return frozenset(available_timezones())


def said(text: str) -> str:
    """`text` itself; ValueError when it is nothing but blanks. Not a pattern: few endpoints take one without anchors."""
    if not text.strip():
        raise ValueError("there is nothing in it but blanks; fill it in")
    return text


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A technical name: safe as a Prefect name, an artifact key, a folder and a URL part."""

Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A point in time, aware, kept in UTC."""

TimeZone = Annotated[str, AfterValidator(known_timezone)]
"""An IANA time zone, or empty for the Mission's own."""


def zone(name: str) -> ZoneInfo:
    """The zone `name`, UTC when empty."""
    return ZoneInfo(name or "UTC")


NAME_CHARS = 40
"""So long a name is that is made from a text."""


def slug(text: str, fallback: str = "mission") -> str:
    """A Name made from any text, at most `NAME_CHARS` long: `"Inspect the host!"` gives `"inspect-the-host"`."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:NAME_CHARS].rstrip("-") or fallback


SHORT = 8
"""Digits of a short id."""


def short_id(run_id: str) -> str:
    """How a run is called in tables, commands and keys: its last eight digits.

    The first ones will not do: ids of scheduled runs begin with the time at which Prefect laid them ahead, many at once.
    """
    return run_id[-SHORT:]


def storable(text: str) -> str:
    """`text` as PostgreSQL and every JSON reader take it: NUL and lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def canonical_json(value: JsonValue) -> str:
    """One text for equal JSON, in the spirit of RFC 8785: sorted keys, no spaces, 1.0 written as 1.

    Strings are kept as they are, byte by byte: two Unicode forms of one word are two different values.
    """
    return json.dumps(_plain_numbers(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _plain_numbers(value: JsonValue) -> JsonValue:
    match value:
        case bool():
            return value
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _plain_numbers(item) for key, item in value.items()}
        case list():
            return [_plain_numbers(item) for item in value]
        case _:
            return value

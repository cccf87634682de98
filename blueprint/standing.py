"""Standing rules: leave that a person gives ahead for calls of one tool, in bounds and until it ends (R5.3).

A rule never lifts `forbid`, and a call whose arguments come from untrusted text is asked about all the same.
"""

import re
from datetime import timedelta
from functools import cache

from pydantic import Field, JsonValue, field_validator

from blueprint.policy import ToolCall
from blueprint.values import Moment, Name, Value, canonical_json

LONGEST = timedelta(days=365)
"""A rule that should hold for longer is made anew: somebody looks at it once a year."""

_DAY = timedelta(days=1)


class StandingRule(Value):
    """Lets calls of `tool` through without asking; it ends by time, by hand, or by the first thing that goes wrong."""

    id: Name
    mission_id: Name
    tool: str = Field(pattern=r"^[^.\s*?]+\.[^\s*?]+$", description="Exactly one tool, 'server.tool'.")
    arguments: dict[str, str] = Field(description="A pattern for each argument that a call may have, and must have.")
    expires_at: Moment
    uses_a_day: int = Field(ge=1, le=1_000, description="Calls within any 24 hours.")
    made_by: str
    made_at: Moment
    ended_at: Moment | None = None
    ended_because: str = ""

    @field_validator("arguments")
    @classmethod
    def _named(cls, arguments: dict[str, str]) -> dict[str, str]:
        if "" in arguments:
            raise ValueError("an argument has a name; write NAME=PATTERN")
        return arguments

    def fits(self, call: ToolCall) -> bool:
        """Whether `call` is of this tool and has exactly the arguments that the rule names, each as its pattern wants."""
        if call.name != self.tool or call.arguments.keys() != self.arguments.keys():
            return False
        return all(fits_pattern(self.arguments[name], value) for name, value in call.arguments.items())


def fits_pattern(pattern: str, value: JsonValue) -> bool:
    """`*` stands for any characters but blanks and `/`, `**` for any at all, `?` for one like those of `*`.

    What is no string is compared as JSON. No wildcard lets a path climb: `scratch/**` does not fit `scratch/../etc`.
    """
    text = value if isinstance(value, str) else canonical_json(value)
    if text == pattern:
        return True
    climbs = ".." in re.split(r"[/\\]", text)
    return not climbs and _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    wild = {"**": r"(?s:.*)", "*": r"[^\s/]*", "?": r"[^\s/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*|\?)", pattern)))


def span(text: str) -> timedelta:
    """A length of time as people write it: '90m', '12h', '7d', '4w'. ValueError for anything else, and for over a year."""
    said = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY, "w": timedelta(weeks=1)}
    length = int(said[1]) * units[said[2]] if said else timedelta()
    if not timedelta() < length <= LONGEST:
        raise ValueError(f"{text!r} is no time for a rule; write for example '12h', '7d' or '4w', at most '365d'")
    return length

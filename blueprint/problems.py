"""Says what is wrong with a value, where in it, and what to do: schema errors in words for people and models (R2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from blueprint.values import NAME_PATTERN, slug

MOST_PROBLEMS = 50
"""So many are named; more would help nobody."""

_TAGGED = "trigger"
"""The field whose value is one of several kinds; pydantic puts the kind into the path, where no field is."""
_QUOTED = 120
_HINTS = {
    "missing": "add it",
    "extra_forbidden": "take it out, or correct its name",
    "union_tag_not_found": "add 'kind': cron, once, event or manual",
    "timezone_aware": "add an offset, as in '2026-11-21T18:00:00+01:00'",
    "datetime_from_date_parsing": "write for example '2026-11-21T18:00:00+01:00'",
    "datetime_parsing": "write for example '2026-11-21T18:00:00+01:00'",
    "too_long": "split it up",
    "string_too_long": "shorten it",
    "string_too_short": "fill it in",
    "too_short": "add at least one",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: which check found it, where, and a sentence with what to do."""

    check: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def explain(error: ValidationError) -> list[Problem]:
    """A schema error as problems with the field's path, the value, the reason and what to do; the first `MOST_PROBLEMS`."""
    details = error.errors(include_url=False)
    places = [detail["loc"] for detail in details]
    wrong = [detail for detail in details if not _is_echo(detail["type"], detail["loc"], places)]
    told = [Problem(check="schema", where=_path(detail["loc"]), text=_text(detail)) for detail in wrong[:MOST_PROBLEMS]]
    if more := len(wrong) - len(told):
        told.append(Problem(check="schema", where="blueprint", text=f"{more} more problems; mend these first."))
    return told


def shown(value: object) -> str:
    """`value` as it would be written in code, cut to a length that fits a sentence."""
    text = repr(value)
    return text if len(text) <= _QUOTED else text[: _QUOTED - 3] + "..."


def _path(place: tuple[int | str, ...]) -> str:
    parts = [str(part) for index, part in enumerate(place) if index == 0 or place[index - 1] != _TAGGED]
    return ".".join(parts) or "blueprint"


def _text(detail: Mapping[str, Any]) -> str:
    kind, value = detail["type"], detail["input"]
    reason = detail["msg"].removeprefix("Value error, ")
    got = "" if kind == "missing" else f"; got {shown(value)}"
    hint = _hint(kind, value, detail)
    return f"{reason}{got}{f'; {hint}' if hint else ''}."


def _hint(kind: str, value: object, detail: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch" and detail.get("ctx", {}).get("pattern") == NAME_PATTERN:
        return f"write lower-case letters, digits and hyphens, for example {slug(str(value)[:200], 'task')!r}"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f"put it in quotes: {str(value)!r}"
    return _HINTS.get(kind, "")


def _is_echo(kind: str, where: tuple[int | str, ...], all_places: Sequence[tuple[int | str, ...]]) -> bool:
    """Pydantic calls a list too short as well when one of its entries is wrong; the entry is what matters."""
    return kind == "too_short" and any(place[: len(where)] == where and place != where for place in all_places)

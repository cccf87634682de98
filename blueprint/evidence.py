"""Finds what a run has seen of the thing that a call would change, and tells whether it has moved (R5.3)."""

from collections.abc import Sequence

from pydantic import JsonValue

from blueprint.occurrence import normal, occurs, scalars
from blueprint.policy import Rule, ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import Evidence
from blueprint.stream import Intended, Outcome, Returned
from blueprint.values import digest

MOST = 5
"""So many calls are looked at again at most: the newest."""

_EXCERPT_CHARS = 400
_SHOWN_CHARS = 120
_TELLING_DIGITS = 3
"""Shorter numbers stand in many results by chance."""


def find_evidence(call: ToolCall, entries: Sequence[JournalEntry]) -> tuple[Evidence, ...]:
    """The newest calls of the same server that only read, ran without asking, and speak of a value that `call` names.

    A call that was made more than once counts with its last result. In the order in which they came back.
    """
    values = _values(call)
    readable = {entry.event.call.id for entry in entries if isinstance(entry.event, Intended) and _just_reads(entry.event)}
    found = {
        entry.event.call.digest: seen(entry.event, entry.sequence)
        for entry in entries
        if isinstance(entry.event, Returned)
        and entry.event.call.id in readable
        and entry.event.outcome is Outcome.DONE
        and entry.event.call.server == call.server
        and _speaks_of(values, entry.event)
    }
    return tuple(sorted(found.values(), key=lambda one: one.step)[-MOST:])


def seen(returned: Returned, step: int) -> Evidence:
    """A result as evidence."""
    return Evidence(
        call=returned.call,
        step=step,
        result=result_digest(returned.text, returned.structured, is_error=returned.is_error, size=returned.size),
        excerpt=excerpt(returned.text),
    )


def excerpt(text: str) -> str:
    """So much of a result as people are shown."""
    return text[:_EXCERPT_CHARS]


def result_digest(text: str, structured: JsonValue, *, is_error: bool, size: int) -> str:
    """Hash of a whole result, as far as it is kept."""
    return digest({"text": text, "structured": structured, "is_error": is_error, "size": size})


def differences(before: Sequence[Evidence], now: Sequence[Evidence]) -> tuple[str, ...]:
    """A sentence for each result that is not what it was. Both are of the same calls, in the same order."""
    return tuple(_difference(old, new) for old, new in zip(before, now, strict=True) if old.result != new.result)


def _difference(old: Evidence, new: Evidence) -> str:
    place = next((at for at, (a, b) in enumerate(zip(old.excerpt, new.excerpt, strict=False)) if a != b), None)
    start = max(0, (min(len(old.excerpt), len(new.excerpt)) if place is None else place) - _SHOWN_CHARS // 2)
    was, is_now = (_part(one.excerpt, start) for one in (old, new))
    told = f"it was {was!r} and is {is_now!r}" if was != is_now else "it differs further down"
    return f"{old.call.name} gives something else than in step {old.step}: {told}."


def _part(excerpt: str, start: int) -> str:
    part = excerpt[start : start + _SHOWN_CHARS]
    return ("…" if start else "") + part + ("…" if start + _SHOWN_CHARS < len(excerpt) else "")


def _just_reads(intended: Intended) -> bool:
    return intended.traits.is_read_only and intended.rule in (Rule.AUTO, Rule.CAUTIOUS)


def _speaks_of(values: set[str], returned: Returned) -> bool:
    if values & _values(returned.call):
        return True
    text = normal(returned.text)
    return any(_is_telling(value) and occurs(normal(value), text) for value in values)


def _values(call: ToolCall) -> set[str]:
    return {text for _, value in scalars(dict(call.arguments)) if (text := str(value))}


def _is_telling(value: str) -> bool:
    return len(value) >= _TELLING_DIGITS or not value.isdecimal()

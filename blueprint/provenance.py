"""Tells which arguments of a call come from untrusted text: a tool's result or description, an alert, a report (R5.2, R5.3).

Looked at are strings; numbers are too short to tell. What the model has put into other words can't be traced, so this
widens what is asked about and never narrows it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from blueprint.occurrence import normal, occurs, scalars
from blueprint.policy import ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import Answer, Origin
from blueprint.stream import Answered, Briefed, Intended, Reasoned, Returned

_PIECE = re.compile(r"[^\s/\\=:,;|&<>(){}\[\]\"'`]{4,}")
"""A part of a value that tells where the value is from even when the whole was put together by the model."""
_SHOWN_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class _Source:
    """An untrusted text, in normal form."""

    name: str
    step: int
    text: str


DESCRIPTION = "the description of "
"""How the source of words begins that a tool's description has."""


def find_origins(
    call: ToolCall, trusted: Sequence[str], entries: Sequence[JournalEntry], described: Mapping[str, str] | None = None
) -> tuple[Origin, ...]:
    """The arguments of `call` with words that an untrusted text has, and no trusted one. Each argument once.

    `trusted` are the goal, the plan and the rules of the Digital Employee; what people answered in the run is trusted too.
    `described` are the tools' own words by the tools' names; what a tool says of its own arguments is no reason to ask.
    """
    known = list(_until(call, entries))
    said = [normal(text) for text in [*trusted, *_answers(known)]]
    sources = [*_sources(known), *_descriptions(call, described or {})]
    found = (_origin(place, value, said, sources) for place, value in scalars(dict(call.arguments)) if isinstance(value, str))
    return tuple({origin.argument: origin for origin in found if origin is not None}.values())


def _descriptions(call: ToolCall, described: Mapping[str, str]) -> Iterator[_Source]:
    """The model reads them from the start."""
    for name, text in described.items():
        if name != call.name and text:
            yield _Source(name=f"{DESCRIPTION}{name}", step=1, text=normal(text))


def _until(call: ToolCall, entries: Sequence[JournalEntry]) -> Iterator[JournalEntry]:
    """What the model had read when it wrote the call."""
    for entry in entries:
        if isinstance(entry.event, Reasoned) and any(made.id == call.id for made in entry.event.calls):
            return
        yield entry


def _answers(entries: Sequence[JournalEntry]) -> Iterator[str]:
    for entry in entries:
        match entry.event:
            case Answered(answer=Answer() as answer):
                yield from (answer.text, answer.choice, *answer.answers)
            case _:
                pass


def _sources(entries: Sequence[JournalEntry]) -> Iterator[_Source]:
    """What tool servers returned (refusals of ours and answers of people have no intent before them), and the briefing's."""
    begun: set[str] = set()
    for entry in entries:
        match entry.event:
            case Briefed(untrusted=text, given=given):
                yield _Source(name="the last report", step=entry.sequence, text=normal(text))
                yield _Source(name="what started the run", step=entry.sequence, text=normal(given))
            case Intended(call=made):
                begun.add(made.id)
            case Returned(call=made) as returned if made.id in begun:
                yield _Source(name=made.name, step=entry.sequence, text=normal(_whole(returned)))
            case _:
                pass


def _whole(returned: Returned) -> str:
    """The text, and what stands in the structured result without the escapes of JSON."""
    inner: JsonValue = {"": returned.structured}
    return "\n".join([returned.text, *(str(value) for _, value in scalars(inner))])


def _origin(place: str, value: str, said: Sequence[str], sources: Sequence[_Source]) -> Origin | None:
    for words in (value, *_PIECE.findall(value)):
        wanted = normal(words).strip()
        if not any(letter.isalpha() for letter in wanted):
            continue
        if any(occurs(wanted, text) for text in said):
            if words == value:
                return None
            continue
        source = next((source for source in sources if occurs(wanted, source.text)), None)
        if source is not None:
            return Origin(argument=place, words=words[:_SHOWN_CHARS], source=source.name, step=source.step)
    return None

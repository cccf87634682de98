"""Chooses the tools that fit a text, by the words in their names and descriptions and by nothing else."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.builtin.rehearsal.words import (
    CHANGING,
    INSPECTING,
    content_words,
    meanings,
    verb_groups,
    without_forbidden,
    words_of,
)

_PALE = frozenset("usage status info recent current all detail data state result value".split())
_LEAST_DESCRIPTION_WORD = 4
_ADDRESSES = re.compile(r"\S*/\S*|\S+:\d+")
"""Paths, URLs and ports name things to look at, not tools to look with."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A tool as the request shows it; `name` is what to call it by."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_read_only: bool | None = None

    @property
    def server(self) -> str:
        """What stands before the tool in its name; empty when there is nothing."""
        return self._parts[0]

    @property
    def tool(self) -> str:
        """The tool's own name."""
        return self._parts[1]

    @property
    def changes(self) -> bool:
        """Whether it says that it changes something: by its verb, unless its server declares it read-only."""
        verbs = [*words_of(self.tool), *words_of(self.description)[:1]]
        return self.is_read_only is not True and any(word in CHANGING for word in verbs)

    @property
    def spoken(self) -> str:
        """The tool's name as words: "disk usage"."""
        return " ".join(words_of(self.tool))

    @property
    def _parts(self) -> tuple[str, str]:
        server, mark, tool = re.sub(r"__", ".", self.name, count=1).partition(".")
        return (server, tool) if mark else ("", server)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Tools that a clause asks for, each list in the order of the offers; `is_broad` when it just names a server."""

    reads: tuple[Offer, ...] = ()
    changes: tuple[Offer, ...] = ()
    is_broad: bool = False


def choose(clause: str, offers: Sequence[Offer]) -> Choice:
    """The tools that one clause asks for: those that change something, and those that read.

    The latter by name; else all of the server that it names; else, if nothing is to be changed, by description.
    """
    wanted = _ADDRESSES.sub(" ", without_forbidden(clause))
    reading = [offer for offer in offers if not offer.changes]
    changes = _changes(wanted, offers)
    if named := _named(wanted, reading, offers):
        return Choice(reads=named, changes=changes)
    if broad := _on_named_server(wanted, reading):
        return Choice(reads=broad, changes=changes, is_broad=True)
    return Choice(reads=() if changes else _described(wanted, reading), changes=changes)


def topic(offer: Offer, offers: Sequence[Offer]) -> frozenset[str]:
    """The meanings in a tool's name that set it apart from the others of its server."""
    firsts = [next(iter(words_of(other.tool)), "") for other in offers if other.server == offer.server]
    prefixes = {word for word in firsts if len(firsts) > 2 and firsts.count(word) > len(firsts) / 2}
    telling = {
        word for word in meanings(offer.tool) if word not in meanings(prefixes) | meanings(offer.server) | INSPECTING | CHANGING
    }
    return frozenset(telling - _PALE or telling)


def _named(clause: str, reading: Sequence[Offer], offers: Sequence[Offer]) -> tuple[Offer, ...]:
    said = meanings(clause)
    by_topic = [offer for offer in reading if topic(offer, offers) & said]
    named = by_topic or [offer for offer in reading if _is_called(offer, said)]
    of_server = [offer for offer in named if offer in _on_named_server(clause, named)]
    return tuple(of_server or named)


def _is_called(offer: Offer, said: frozenset[str]) -> bool:
    """A name made of plain verbs, such as "echo" or "count", fits when the text says it."""
    return meanings(offer.tool) <= said


def _on_named_server(clause: str, reading: Sequence[Offer]) -> tuple[Offer, ...]:
    said = meanings(clause)
    return tuple(offer for offer in reading if offer.server and meanings(offer.server) <= said)


def _described(clause: str, reading: Sequence[Offer]) -> tuple[Offer, ...]:
    said = {word for word in meanings(content_words(clause)) if len(word) >= _LEAST_DESCRIPTION_WORD}
    described = {offer.name: meanings(content_words(offer.description)) & said for offer in reading}
    common = Counter(word for words in described.values() for word in words)
    telling = {word for word, count in common.items() if count <= max(1, len(reading) // 3)}
    return tuple(offer for offer in reading if described[offer.name] & telling)


def _changes(clause: str, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    groups, said = verb_groups(clause), meanings(clause)
    by_verb = [offer for offer in offers if offer.changes and verb_groups(offer.tool) & groups]
    by_subject = [offer for offer in by_verb if topic(offer, offers) & said]
    literal = [offer for offer in by_verb if set(words_of(offer.tool)) & CHANGING & set(words_of(clause))]
    return tuple(by_subject) or next((tuple(found) for found in (by_verb, literal) if len(found) == 1), ())

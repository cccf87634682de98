"""Reads tool results back out of a conversation, and the figures in them, whatever their shape."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.shapes import items, mapping
from agent.builtin.rehearsal.words import words_of

_FIRST_LINE = re.compile(r"call (?P<id>\S+) (?P<name>\S+): (?P<word>ok|error|not done|unknown)\s*$")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one call gave. `word` is ok, error, not done or unknown; `data` is the JSON in `text`, None when it is none."""

    call_id: str
    offer: Offer
    word: str
    text: str
    data: Any = None

    @property
    def is_ok(self) -> bool:
        """Whether there is something to read in it."""
        return self.word == "ok"

    @property
    def note(self) -> str:
        """What the tool says in a field of that name, or the start of its text."""
        return str(mapping(self.data).get("note") or "") or self.first_line

    @property
    def first_line(self) -> str:
        """The first line with words in it, bounded."""
        return next((line.strip()[:300] for line in self.text.splitlines() if line.strip()), "")

    @property
    def is_blind(self) -> bool:
        """Whether the tool answered that there is nothing that it could look at: it says so, or has a note and only zeros."""
        said, numbers = mapping(self.data), [figure.value for figure in figures(self.data)]
        is_empty = bool(said.get("note")) and bool(numbers) and not any(numbers)
        return is_empty or any(said.get(key) is False for key in ("is_known", "is_there"))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number in a result: the names that lead to it, and what its row is called."""

    path: tuple[str, ...]
    value: float
    label: str = ""

    @property
    def name(self) -> frozenset[str]:
        """The words of the last name."""
        return frozenset(words_of(self.path[-1] if self.path else ""))


def read_results(messages: Sequence[dict[str, Any]], offers: Sequence[Offer]) -> list[Result]:
    """One Result for each call that got an answer, in order; calls of tools that are not offered are left out."""
    known = {offer.name: offer for offer in offers}
    called: dict[str, str] = {}
    results: list[Result] = []
    for message in messages:
        for call in map(mapping, items(message.get("tool_calls"))):
            called[str(call.get("id"))] = str(mapping(call.get("function")).get("name"))
        call_id = str(message.get("tool_call_id"))
        if message.get("role") == "tool" and called.get(call_id) in known:
            results.append(read_result(call_id, known[called[call_id]], str(message.get("content") or "")))
    return results


def read_result(call_id: str, offer: Offer, content: str) -> Result:
    """A tool message; without the first line that names the call it counts as ok and keeps the wire's id."""
    first, _, rest = content.partition("\n")
    match = _FIRST_LINE.match(first)
    text = rest.strip() if match else content.strip()
    return Result(
        call_id=match["id"] if match else call_id, offer=offer, word=match["word"] if match else "ok", text=text, data=_json(text)
    )


def rows(data: Any) -> Iterator[dict[str, Any]]:
    """Every object in `data`, the outermost first."""
    if row := mapping(data):
        yield row
    for value in [*row.values(), *items(data)]:
        yield from rows(value)


def figures(data: Any, path: tuple[str, ...] = (), label: str = "") -> Iterator[Figure]:
    """Every number in `data`; a list counts as the number of its entries."""
    row = mapping(data)
    for key, value in row.items():
        yield from figures(value, (*path, key), label_of(row) or label)
    entries = items(cast(object, data))
    if isinstance(data, list):
        yield Figure(path=path, value=len(entries), label=label)
        for entry in filter(mapping, entries):
            yield from figures(entry, path, label)
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield Figure(path=path, value=float(data), label=label)


def label_of(row: dict[str, Any]) -> str:
    """What a row is called: its mount, name, unit, target or the like."""
    keys = ("mount", "mountpoint", "name", "unit", "target", "path", "host", "device", "service", "id", "title")
    return next((str(row[key]) for key in keys if isinstance(row.get(key), str) and row[key]), "")


def number(row: Mapping[str, Any], kind: str, *also: str, but: Sequence[str] = ()) -> float | None:
    """The number of `row` itself whose name has the word `kind`, and the earliest possible of `also`; none of `but`."""
    own = figures({key: value for key, value in row.items() if not isinstance(value, dict | list)})
    named = [figure for figure in own if kind in figure.name and not figure.name & set(but)]
    ranked = [figure for word in also for figure in named if word in figure.name] if also else named
    return ranked[0].value if ranked else None


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return mapping(value) or items(value) or None

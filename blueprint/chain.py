"""The chain that the entries of an audit record form, and where it does not hold (R5.6).

Each entry's hash covers its text and the hash before it, so that one that is changed, taken out or put in shows. The head
(how many entries there are, and the last hash) is kept elsewhere, so that a tail that was cut off shows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry as it is stored: its place, its text, and the hash that ties it to the one before."""

    sequence: int
    text: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """How many entries a Mission has, and the hash of the last; empty before the first."""

    count: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class Break:
    """Where a chain does not hold: the number of the first entry that is not as it was written, and why that is known."""

    sequence: int
    reason: str


def chain_hash(previous: str, text: str) -> str:
    """The hash of an entry: SHA-256, in hex, over the hash before it (empty before the first) and its text."""
    return hashlib.sha256((previous + text).encode()).hexdigest()


def find_break(links: Sequence[Link], head: Head | None) -> Break | None:
    """The first place where the chain is not as it was written; None when it holds from its beginning to its head."""
    previous = ""
    for place, link in enumerate(links, start=1):
        if link.sequence != place:
            return Break(sequence=place, reason=f"Entry {place} is missing: {link.sequence} stands in its place.")
        if link.hash != chain_hash(previous, link.text):
            return Break(sequence=place, reason=f"Entry {place}, or its hash, is not what was written.")
        previous = link.hash
    return _break_at_end(Head(count=len(links), hash=previous), head)


def _break_at_end(found: Head, head: Head | None) -> Break | None:
    if head is None:
        return Break(sequence=1, reason="The record's head, which each Mission has from its beginning, is missing.")
    if found.count < head.count:
        place = found.count + 1
        return Break(sequence=place, reason=f"Entry {place} is missing: {head.count} were written, {found.count} are there.")
    if found != head:
        return Break(sequence=found.count, reason=f"Entry {found.count} is not the one that the record's head names.")
    return None

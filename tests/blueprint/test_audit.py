"""The chain of the audit record: what was changed, taken out or cut off is found, at its place."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from blueprint.audit import AuditEntry, MissionChanged
from blueprint.chain import Head, Link, chain_hash, find_break
from blueprint.mission import MissionState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def chain(length: int = 4) -> tuple[list[Link], Head]:
    links, previous = list[Link](), ""
    for number in range(1, length + 1):
        event = MissionChanged(state=MissionState.DRAFT, by=f"Ünï \0 {number}")
        text = AuditEntry(mission_id="hosts", sequence=number, at=NOW, event=event).text
        previous = chain_hash(previous, text)
        links.append(Link(sequence=number, text=text, hash=previous))
    return links, Head(count=length, hash=previous)


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_chain_as_it_was_written_holds(length: int) -> None:
    assert find_break(*chain(length)) is None


def test_one_changed_byte_is_found_at_its_entry() -> None:
    links, head = chain()
    links[1] = replace(links[1], text=links[1].text.replace("Draft", "Draff"))
    found = find_break(links, head)
    assert found is not None
    assert (found.sequence, found.reason) == (2, "Entry 2, or its hash, is not what was written.")


def test_a_changed_entry_with_a_hash_of_its_own_shows_at_the_next_one_or_at_the_head() -> None:
    for place in (1, 3):
        links, head = chain()
        forged = links[place].text.replace("Draft", "Active")
        links[place] = replace(links[place], text=forged, hash=chain_hash(links[place - 1].hash, forged))
        found = find_break(links, head)
        assert found is not None
        assert found.sequence == min(place + 2, 4)


def test_an_entry_taken_out_of_the_middle_or_from_the_beginning_is_named() -> None:
    for place in (0, 1):
        links, head = chain()
        del links[place]
        found = find_break(links, head)
        assert found is not None
        assert found.reason == f"Entry {place + 1} is missing: {place + 2} stands in its place."


def test_a_tail_that_was_cut_off_shows_by_the_head() -> None:
    links, head = chain()
    found = find_break(links[:2], head)
    assert found is not None
    assert (found.sequence, found.reason) == (3, "Entry 3 is missing: 4 were written, 2 are there.")
    assert find_break([], head) is not None
    assert find_break([], None) is not None


def test_entries_that_the_head_does_not_know_are_found() -> None:
    links, _ = chain()
    _, shorter = chain(3)
    found = find_break(links, shorter)
    assert found is not None
    assert found.sequence == 4

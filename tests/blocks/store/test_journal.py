"""The journal: order, and events that come back as they were."""

import asyncio

import pytest

from blocks.store.store import Store
from blueprint.policy import Rule, ToolCall
from blueprint.stream import Corrected, Intended
from tests.blocks.examples import intended


@pytest.fixture(autouse=True)
async def _lease(store: Store) -> None:
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)


async def test_events_come_back_in_order_and_as_they_were(store: Store) -> None:
    odd = ToolCall(id="c00001000", server="host", tool="x", arguments={"z": 1.0, "a": "NUL \0 \ud800 主机", "n": 10**30})
    events = [Corrected(text="one"), intended(odd, rule=Rule.AUTO), Corrected(text="three")]
    for event in events:
        await store.journal.append("run-1", event, "a")
    entries = await store.journal.read("run-1")
    assert [(entry.sequence, entry.event) for entry in entries] == [*enumerate(events, start=1)]
    assert await store.journal.read("run-1", after=2) == entries[2:]
    assert isinstance(entries[1].event, Intended)
    assert list(entries[1].event.call.arguments) == ["z", "a", "n"]
    assert entries[1].event.call.digest == odd.digest


async def test_appends_at_once_leave_no_gap_and_no_double(store: Store) -> None:
    texts = [str(number) for number in range(20)]
    await asyncio.gather(*(store.journal.append("run-1", Corrected(text=text), "a") for text in texts))
    entries = await store.journal.read("run-1")
    assert [entry.sequence for entry in entries] == [*range(1, 21)]
    assert {entry.event.text for entry in entries if isinstance(entry.event, Corrected)} == set(texts)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)

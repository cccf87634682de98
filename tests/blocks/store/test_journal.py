"""The journal: order, and approvals that are spent by what is written."""

import asyncio

import pytest

from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.policy import ToolCall
from blueprint.requests import Decision, InformationQuestion
from blueprint.stream import Corrected, Intended
from tests.blocks.examples import CALL, answer, intended, request

KEY = request().key


@pytest.fixture(autouse=True)
async def _lease(store: Store) -> None:
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)


async def test_events_come_back_in_order_and_as_they_were(store: Store) -> None:
    odd = ToolCall(id="c00001000", server="host", tool="x", arguments={"z": 1.0, "a": "NUL \0 \ud800 主机", "n": 10**30})
    events = [Corrected(text="one"), intended(odd), Corrected(text="three")]
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


async def test_approval_is_spent_by_the_intended_call_and_only_once(store: Store) -> None:
    await store.requests.open(request())
    await store.requests.answer("run-1", KEY, answer())
    await store.journal.append("run-1", intended(approval=KEY), "a")
    with pytest.raises(InvalidInput, match="was used up by call c00002000"):
        await store.journal.append("run-1", intended(approval=KEY), "a")
    again = CALL.model_copy(update={"id": "c00003000"})
    with pytest.raises(InvalidInput, match="was used up by call c00002000"):
        await store.journal.append("run-1", intended(again, approval=KEY, attempt=2), "a")
    assert len(await store.journal.read("run-1")) == 1


async def test_further_attempt_at_the_same_call_needs_no_second_approval(store: Store) -> None:
    await store.requests.open(request())
    await store.requests.answer("run-1", KEY, answer())
    for attempt in (1, 2):
        await store.journal.append("run-1", intended(approval=KEY, attempt=attempt), "a")
    assert len(await store.journal.read("run-1")) == 2


@pytest.mark.parametrize("days", [8, 7.5, "7"])
async def test_approval_does_not_fit_a_call_with_other_arguments(store: Store, days: float | str) -> None:
    await store.requests.open(request())
    await store.requests.answer("run-1", KEY, answer())
    other = CALL.model_copy(update={"arguments": {"older_than_days": days}})
    with pytest.raises(InvalidInput, match="does not approve this call"):
        await store.journal.append("run-1", intended(other, approval=KEY), "a")
    assert await store.journal.read("run-1") == []


async def test_what_is_open_rejected_or_no_approval_at_all_allows_nothing(store: Store) -> None:
    await store.requests.open(request("open"))
    await store.requests.open(request("rejected"))
    await store.requests.answer("run-1", "rejected", answer(Decision.REJECT))
    await store.requests.open(request("question", question=InformationQuestion(questions=("When?",))))
    await store.requests.answer("run-1", "question", answer(Decision.ANSWER))
    for key in ("open", "rejected", "question", "never-asked"):
        with pytest.raises(InvalidInput, match=r"does not approve|There is no request"):
            await store.journal.append("run-1", intended(approval=key), "a")
    assert await store.journal.read("run-1") == []

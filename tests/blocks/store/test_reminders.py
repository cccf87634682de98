"""Reminders: at half time and near the end, each once, and none for what is answered or over (R5.4)."""

from datetime import UTC, datetime, timedelta

import pytest

from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.records import Message
from blueprint.reminders import Reminder
from blueprint.requests import Request, RequestState
from flows.people.telling import expired, reminder
from tests.blocks.examples import answer, request

HOURS = timedelta(hours=3)
TICK = timedelta(microseconds=1)


def _asked(minutes: float, key: str = "one") -> Request:
    """A request that was asked so many minutes ago and stays open for three hours in all."""
    asked_at = datetime.now(UTC) - timedelta(minutes=minutes)
    return request(key).model_copy(update={"asked_at": asked_at, "deadline": asked_at + HOURS})


async def _tell(store: Store) -> list[Message]:
    """What the reconciler does in a round."""
    told = [reminder(request, which) for request, which in await store.reminders.due()]
    for message in told:
        await store.messages.add(message)
    return told


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), []),
        (timedelta(minutes=90) - TICK, []),
        (timedelta(minutes=90), [Reminder.HALF]),
        (timedelta(minutes=165) - TICK, [Reminder.HALF]),
        (timedelta(minutes=165), [Reminder.LAST]),
        (timedelta(minutes=180) - TICK, [Reminder.LAST]),
        (timedelta(minutes=180), []),
    ],
    ids=str,
)
async def test_of_three_hours_one_comes_at_half_time_and_the_last_15_minutes_before_the_end(
    store: Store, after: timedelta, expected: list[Reminder]
) -> None:
    asked = await store.requests.open(_asked(0))
    assert [which for _, which in await store.reminders.due(asked.asked_at + after)] == expected


@pytest.mark.parametrize(("minutes", "expected"), [(89, []), (91, [Reminder.HALF]), (166, [Reminder.LAST]), (181, [])])
async def test_without_a_time_the_clock_of_the_database_counts(store: Store, minutes: float, expected: list[Reminder]) -> None:
    await store.requests.open(_asked(minutes))
    assert [which for _, which in await store.reminders.due()] == expected


async def test_each_reminder_is_written_once_and_the_last_is_marked_for_escalation(store: Store) -> None:
    half = await store.requests.open(_asked(100))
    assert [message.id for message in await _tell(store)] == [f"run-1:{half.key}:half"]
    assert await _tell(store) == []
    await store.requests.open(_asked(170, "two"))
    [last] = await _tell(store)
    assert (last.id, last.event, last.is_escalation) == ("run-1:two:last", "reminder", True)
    assert last.title.startswith("Last reminder, ")
    assert last.title.endswith(" left: host.clean_scratch?")
    assert await _tell(store) == []


async def test_a_reminder_that_was_slept_through_is_never_written(store: Store) -> None:
    await store.requests.open(_asked(175))
    assert [message.id for message in await _tell(store)] == ["run-1:one:last"]
    assert await _tell(store) == []


async def test_nobody_is_reminded_of_what_is_answered_or_closed(store: Store) -> None:
    for key in ("one", "two"):
        await store.requests.open(_asked(100, key))
    await store.requests.answer("run-1", "one", answer())
    await store.requests.close("run-1", "two", RequestState.CANCELLED)
    assert await store.reminders.due() == []


async def test_the_message_of_a_time_out_is_kept_with_it_and_only_if_nobody_answered(store: Store) -> None:
    late = await store.requests.open(_asked(181))
    for _ in range(2):
        await store.requests.close("run-1", late.key, RequestState.EXPIRED, message=expired(late))
    answered = await store.requests.open(request("two"))
    await store.requests.answer("run-1", "two", answer())
    await store.requests.close("run-1", "two", RequestState.EXPIRED, message=expired(answered))
    [message] = await store.messages.list()
    assert (message.id, message.event) == ("run-1:one:expired", "expired")
    assert message.body.endswith("Silence approves nothing: the run ends as Failed, with a report.")


async def test_an_answer_that_prefect_took_in_time_counts_when_it_is_found_late(store: Store) -> None:
    for key in ("one", "two"):
        await store.requests.open(_asked(181, key))
    in_time = datetime.now(UTC) - timedelta(minutes=2)
    assert (await store.requests.answer("run-1", "one", answer(), came_at=in_time)).state is RequestState.ANSWERED
    with pytest.raises(InvalidInput, match="expired at"):
        await store.requests.answer("run-1", "two", answer(), came_at=datetime.now(UTC))

"""Skipped fires, messages and conversations."""

from datetime import UTC, datetime, timedelta

import pytest

from blocks.store.store import Store
from blueprint.errors import UnknownName
from blueprint.records import ConversationTurn, FireRecord, Message
from tests.blocks.examples import NOW, mission


def fire(run_id: str, reason: str = "The Mission is Paused.") -> FireRecord:
    return FireRecord(mission_id="hosts", task="disk", run_id=run_id, scheduled_for=NOW, at=NOW, reason=reason)


def message(name: str, mission_id: str = "hosts", *, minutes: int = 0) -> Message:
    at = NOW + timedelta(minutes=minutes)
    return Message(id=name, mission_id=mission_id, event="report", title="Report", body="All \0 well.", at=at)


async def test_fire_of_one_flow_run_is_recorded_once(store: Store) -> None:
    await store.fires.add(fire("run-1"))
    await store.fires.add(fire("run-1", "Another reason."))
    assert await store.fires.list("hosts") == [fire("run-1")]
    assert await store.fires.list("mail") == []


async def test_messages_are_kept_once_newest_first_until_they_are_read(store: Store) -> None:
    for each in (message("m1"), message("m2", minutes=1), message("m1", minutes=2), message("m3", "mail", minutes=3)):
        await store.messages.add(each)
    assert [each.id for each in await store.messages.list()] == ["m3", "m2", "m1"]
    assert await store.messages.mark_read(["m1", "m2", "nothing"]) == 2
    assert await store.messages.mark_read(["m1"]) == 0
    assert await store.messages.list(unread_only=True) == [message("m3", "mail", minutes=3)]
    assert [(each.id, each.is_read) for each in await store.messages.list(mission_id="hosts")] == [("m2", True), ("m1", True)]


async def test_conversation_keeps_each_turn_once_in_the_order_in_which_it_was_said(store: Store) -> None:
    await store.missions.add(mission())
    turns = [ConversationTurn(role=role, text=role, at=NOW) for role in ("person", "planner")]
    for key, turn in enumerate([*turns, *turns]):
        await store.conversation.add("hosts", turn, str(key % 2))
    assert await store.conversation.of("hosts") == turns
    with pytest.raises(UnknownName, match="no Mission 'mail'"):
        await store.conversation.add("mail", turns[0], "0")


async def test_old_messages_are_forgotten_unless_a_channel_has_not_taken_them(store: Store) -> None:
    for name in ("owed", "routed", "unrouted"):
        await store.messages.add(message(name).model_copy(update={"at": datetime.now(UTC) - timedelta(days=100)}))
    await store.messages.add(message("new").model_copy(update={"at": datetime.now(UTC)}))
    await store.deliveries.route("owed", ["ops"])
    for name in ("routed", "new"):
        await store.deliveries.route(name, [])
    assert await store.messages.forget(timedelta(days=90)) == 1
    assert sorted(each.id for each in await store.messages.list()) == ["new", "owed", "unrouted"]

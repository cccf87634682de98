"""Deletions in the store: begun with the Mission's state, ended by one transaction that leaves no row (R3.3)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from blocks.store.store import Store
from blocks.store.tables import metadata
from blueprint.deletion import DeletionState, deletion_key
from blueprint.errors import ForbiddenTransition, UnknownName
from blueprint.events import Delivery, IncomingEvent, event_id
from blueprint.mission import MissionState
from blueprint.occasion import EventGiven
from blueprint.records import ConversationTurn, FireRecord, Message
from blueprint.stream import Corrected
from tests.blocks.examples import NOW, mission, plan, request, run, standing_rule


async def _a_life(store: Store) -> None:
    """Rows of the Mission in nearly every table."""
    await store.missions.add(mission())
    await store.plans.add("hosts", plan(), NOW)
    await store.rounds.begin("hosts", {"late": ("disk",)})
    event = EventGiven(id=str(event_id("source", "one")), name="e", labels={}, payload=None)
    await store.runs.start(run().model_copy(update={"event": event}))
    await store.leases.claim("run-1", mission_id="hosts", operation="run-task", owner="me", seconds=60)
    await store.journal.append("run-1", Corrected(text="Once more."), "me")
    await store.requests.open(request())
    await store.standing_rules.add(standing_rule())
    await store.fires.add(FireRecord(mission_id="hosts", task="disk", run_id="fire-1", scheduled_for=NOW, at=NOW, reason="Busy."))
    await store.messages.add(Message(id="m1", mission_id="hosts", event="mission", title="T", body="B", at=NOW))
    await store.conversation.add("hosts", ConversationTurn(role="person", text="Hello.", at=NOW), "k")
    await store.events.add([Delivery(source="source", events=(IncomingEvent(key="one", name="e", subject="s", occurred=NOW),))])


async def _rows(store: Store, word: str) -> dict[str, int]:
    found = dict[str, int]()
    async with store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            query = text(f"SELECT count(*) FROM {table.fullname} AS t WHERE position(:word IN t::text) > 0")
            found[table.name] = await connection.scalar(query, {"word": word}) or 0
    return {name: count for name, count in found.items() if count}


async def test_a_mission_is_deleted_from_the_beginning_and_the_intent_is_kept_once(store: Store) -> None:
    await store.missions.add(mission())
    begun = await store.deletions.begin("hosts", by="alice", now=NOW)
    again = await store.deletions.begin("hosts", by="bob", now=NOW + timedelta(hours=1))
    assert (again, [one.key for one in await store.deletions.pending()]) == (begun, [deletion_key("hosts")])
    assert (await store.missions.get("hosts")).state is MissionState.DELETED
    with pytest.raises(ForbiddenTransition, match="is Deleted and can't become Active; that is final"):
        await store.missions.set_state("hosts", MissionState.ACTIVE, NOW)


async def test_every_row_goes_in_one_transaction_and_other_missions_stay(store: Store) -> None:
    await _a_life(store)
    await store.missions.add(mission("mail", "Mail"))
    others = await _rows(store, "mail")
    begun = await store.deletions.begin("hosts", by="alice", now=NOW)
    known, own = await store.deletions.runs_of("hosts"), await store.deletions.own_events("hosts")
    assert sorted(known) == ["fire-1", "run-1"]
    assert own == [str(event_id("source", "one"))]
    noted = await store.deletions.keep(begun.model_copy(update={"traces": tuple(known)}))
    forgotten = await store.deletions.forget(noted, own)
    assert (forgotten.state, forgotten.mission_id, forgotten.traces) == (DeletionState.FORGOTTEN, "", ())
    assert {name for name in forgotten.removed if name.startswith("store: ")} >= {
        f"store: {name}" for name in ("missions", "plans", "runs", "leases", "journal", "requests", "fires", "messages", "events")
    }
    assert await _rows(store, "hosts") == {}
    assert await _rows(store, "run-1") == {}
    assert await _rows(store, "mail") == others
    with pytest.raises(UnknownName):
        await store.missions.get("hosts")
    done = await store.deletions.keep(forgotten.model_copy(update={"state": DeletionState.DONE, "ended_at": NOW}))
    assert (await store.deletions.pending(), await store.deletions.get(done.key)) == ([], done)


async def test_an_event_that_started_another_mission_too_stays(store: Store) -> None:
    await _a_life(store)
    await store.missions.add(mission("mail", "Mail"))
    event = EventGiven(id=str(event_id("source", "one")), name="e", labels={}, payload=None)
    await store.runs.start(run("run-2").model_copy(update={"mission_id": "mail", "event": event}))
    assert await store.deletions.own_events("hosts") == []


async def test_rows_of_others_that_speak_of_it_stay_and_are_counted(store: Store) -> None:
    await _a_life(store)
    await store.messages.add(Message(id=uuid4().hex, mission_id="", event="mission", title="About hosts", body="", at=NOW))
    begun = await store.deletions.begin("hosts", by="alice", now=datetime.now(UTC))
    forgotten = await store.deletions.forget(begun, [])
    assert await _rows(store, "hosts") == {"messages": 1}
    assert forgotten.left == ("1 rows of the store's table messages: they belong to others and speak of it",)

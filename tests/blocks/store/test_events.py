"""The queue of events in the store."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from blocks.store.rows import DATABASE_NOW
from blocks.store.store import Store
from blocks.store.tables import events
from blueprint.events import Accepted, Delivery, EventCounts, IncomingEvent, event_id
from tests.blocks.examples import NOW

NEVER = timedelta(days=1)


def event(key: str) -> IncomingEvent:
    return IncomingEvent(name="alertmanager.firing", key=key, subject="f", payload={"a": [1, None]}, occurred=NOW)


def delivery(source: str, *keys: str) -> Delivery:
    return Delivery(source=source, events=tuple(event(key) for key in keys))


async def add(store: Store, source: str, *keys: str) -> Accepted:
    [accepted] = await store.events.add([delivery(source, *keys)])
    return accepted


async def test_deliveries_that_are_written_together_are_answered_each_for_itself(store: Store) -> None:
    together = [delivery("web", "a", "b"), delivery("web", "b", "c"), delivery("mail", "b"), delivery("web")]
    assert [(each.stored, each.repeated) for each in await store.events.add(together)] == [(2, 0), (1, 1), (1, 0), (0, 0)]
    async with store.engine.connect() as connection:
        seen = await connection.execute(select(events.c.source, events.c.key, events.c.seen).order_by(events.c.place))
    assert [tuple(row) for row in seen] == [("web", "a", 1), ("web", "b", 2), ("web", "c", 1), ("mail", "b", 1)]


async def test_what_comes_again_is_counted_and_not_kept_again(store: Store) -> None:
    assert await add(store, "web", "b", "a", "b") == Accepted(stored=2, repeated=1)
    assert await add(store, "web", "b", "c") == Accepted(stored=1, repeated=1)
    assert await add(store, "mail", "a") == Accepted(stored=1, repeated=0)
    assert await add(store, "web") == Accepted(stored=0, repeated=0)
    waiting = await store.events.waiting(10, again_after=NEVER)
    assert [(each.source, each.event) for each in waiting] == [
        *[("web", event(key)) for key in ("b", "a", "c")],
        ("mail", event("a")),
    ]
    assert len({each.id for each in waiting}) == 4
    assert [each.id for each in await store.events.waiting(2, again_after=NEVER)] == [each.id for each in waiting[:2]]


async def test_deliveries_of_the_same_events_at_once_keep_each_once(store: Store) -> None:
    keys = [f"key-{number}" for number in range(50)]
    seen = await asyncio.gather(*[add(store, "web", *order) for order in (keys, keys[::-1], keys, keys[25:])])
    assert sum(each.stored for each in seen) == 50
    assert sum(each.repeated for each in seen) == 125
    assert len(await store.events.waiting(100, again_after=NEVER)) == 50


async def test_event_waits_then_is_under_way_then_settled(store: Store) -> None:
    await add(store, "web", "a", "b", "c")
    first, second, third = [each.place for each in await store.events.waiting(10, again_after=NEVER)]
    await store.events.mark_passed([first, second])
    assert await store.events.unconfirmed(10) == {event_id("web", "a"): first, event_id("web", "b"): second}
    assert [each.place for each in await store.events.waiting(10, again_after=NEVER)] == [third]
    await store.events.confirm([first])
    await store.events.refuse(third, "too odd")
    counts = await store.events.counts()
    assert counts == EventCounts(kept=3, waiting=0, unconfirmed=1, refused=1, oldest_waiting_seconds=0)


async def test_event_that_prefect_lost_is_due_again(store: Store) -> None:
    await add(store, "web", "a")
    [before] = await store.events.waiting(10, again_after=NEVER)
    await store.events.mark_passed([before.place])
    [again] = await store.events.waiting(10, again_after=timedelta(0))
    assert (again.id, again.attempts) == (before.id, 1)


async def test_only_what_is_settled_and_long_unseen_is_forgotten(store: Store) -> None:
    await add(store, "web", "settled", "waiting", "repeated")
    by_key = {each.event.key: each.place for each in await store.events.waiting(10, again_after=NEVER)}
    await store.events.confirm([by_key["settled"], by_key["repeated"]])
    async with store.engine.begin() as connection:
        await connection.execute(update(events).values(last_seen_at=DATABASE_NOW - timedelta(days=40)))
    await add(store, "web", "repeated")
    assert await store.events.forget(timedelta(days=30)) == 1
    assert await add(store, "web", "waiting", "repeated") == Accepted(stored=0, repeated=2)

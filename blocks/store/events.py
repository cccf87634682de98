"""Events that the gateway took in: kept before they are acknowledged, in the order in which they came (S5)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, from_document
from blocks.store.tables import events
from blueprint.events import Accepted, Delivery, EventCounts, IncomingEvent, StoredEvent, event_id

_ADD = text(
    f"""
    INSERT INTO {events.fullname} AS kept (source, key, document, received_at, last_seen_at, seen, attempts, refusal)
    SELECT source, key, document::json, clock_timestamp(), clock_timestamp(), times, 0, ''
    FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[]), CAST(:documents AS text[]), CAST(:times AS int[]))
         AS arrived (source, key, document, times)
    ON CONFLICT (source, key) DO UPDATE SET seen = kept.seen + excluded.seen, last_seen_at = excluded.last_seen_at
    RETURNING source, key, xmax = 0 AS is_new
    """
)
"""One statement of one form, however many events: PostgreSQL and SQLAlchemy plan it once. xmax is 0 in a row just made."""

_ONE_AFTER_THE_OTHER = text("SELECT pg_advisory_xact_lock(hashtextextended('missions.events.add', 0))")
"""Writers of other processes wait: so places follow the order of arrival, and two never wait for each other in a circle."""

_LOOKED_BACK = timedelta(days=1)
_UNSETTLED = events.c.settled_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Events:
    """The queue of events. An event is *waiting*, then *passed on*, then *settled*: Prefect has it, or refused it."""

    database: Database

    async def add(self, deliveries: Sequence[Delivery]) -> list[Accepted]:
        """Keep what is new of all of them and count the rest; all or none. What comes again among them is repeated too."""
        arrived = [(delivery.source, event) for delivery in deliveries for event in delivery.events]
        times = Counter((source, event.key) for source, event in arrived)
        documents = {(source, event.key): event.model_dump_json() for source, event in arrived}
        columns = {
            "sources": [source for source, _ in documents],
            "keys": [key for _, key in documents],
            "times": [times[each] for each in documents],
            "documents": list(documents.values()),
        }

        async def work(connection: AsyncConnection) -> set[tuple[str, str]]:
            await connection.execute(_ONE_AFTER_THE_OTHER)
            rows = (await connection.execute(_ADD, columns)).all()
            return {(row.source, row.key) for row in rows if row.is_new}

        new = await self.database.write(work) if documents else set[tuple[str, str]]()
        return [_accepted(delivery, new) for delivery in deliveries]

    async def waiting(self, limit: int, *, again_after: timedelta) -> list[StoredEvent]:
        """The oldest that are to be passed on: never yet, or so long ago that Prefect must have lost them."""
        is_due = or_(events.c.passed_at.is_(None), events.c.passed_at < DATABASE_NOW - again_after)
        query = select(events).where(_UNSETTLED & is_due).order_by(events.c.place).limit(limit)
        return [_stored(row) for row in await self.database.rows(query)]

    async def unconfirmed(self, limit: int) -> dict[UUID, int]:
        """The oldest that were passed on and not seen in Prefect yet: ids there, and places here."""
        columns = (events.c.source, events.c.key, events.c.place)
        query = select(*columns).where(_UNSETTLED & events.c.passed_at.is_not(None)).order_by(events.c.place).limit(limit)
        return {event_id(row["source"], row["key"]): row["place"] for row in await self.database.rows(query)}

    async def mark_passed(self, places: Sequence[int]) -> None:
        """Prefect took these just now."""
        await self._update(places, {"passed_at": DATABASE_NOW, "attempts": events.c.attempts + 1})

    async def confirm(self, places: Sequence[int]) -> None:
        """Prefect has these for sure."""
        await self._update(places, {"settled_at": DATABASE_NOW})

    async def refuse(self, place: int, reason: str) -> None:
        """Prefect does not take this one, whatever is tried."""
        await self._update([place], {"settled_at": DATABASE_NOW, "refusal": reason[:1000] or "no reason given"})

    async def forget(self, unseen_for: timedelta) -> int:
        """Delete what is settled and was not delivered for so long; gives how many. A late repetition is a new event then."""
        old = events.delete().where(~_UNSETTLED & (events.c.last_seen_at < DATABASE_NOW - unseen_for))

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(old)).rowcount

        return await self.database.write(work)

    async def counts(self) -> EventCounts:
        """How the queue stands."""
        waiting = _UNSETTLED & events.c.passed_at.is_(None)
        refused = (events.c.refusal != "") & (events.c.settled_at > DATABASE_NOW - _LOOKED_BACK)
        oldest = DATABASE_NOW - func.min(events.c.received_at).filter(waiting)
        query = select(
            func.count().label("kept"),
            func.count().filter(waiting).label("waiting"),
            func.count().filter(_UNSETTLED & ~waiting).label("unconfirmed"),
            func.count().filter(refused).label("refused"),
            func.coalesce(func.extract("epoch", oldest), 0).label("oldest_waiting_seconds"),
        ).select_from(events)
        [row] = await self.database.rows(query)
        return EventCounts.model_validate(dict(row))

    async def _update(self, places: Sequence[int], values: Mapping[str, Any]) -> None:
        change = events.update().where(_UNSETTLED & events.c.place.in_(places)).values(**values)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change)

        if places:
            await self.database.write(work)


def _accepted(delivery: Delivery, new: set[tuple[str, str]]) -> Accepted:
    """How many of the delivery were new; each new one counts for the first delivery that brought it."""
    mine = {(delivery.source, event.key) for event in delivery.events} & new
    new -= mine
    return Accepted(stored=len(mine), repeated=len(delivery.events) - len(mine))


def _stored(row: Mapping[Any, Any]) -> StoredEvent:
    return StoredEvent(
        place=row["place"],
        source=row["source"],
        event=from_document(IncomingEvent, row),
        received_at=row["received_at"],
        attempts=row["attempts"],
    )

"""Events that the gateway took in: kept before they are acknowledged, in the order in which they came (S5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, document, from_document
from blocks.store.tables import events
from blueprint.events import Accepted, EventCounts, IncomingEvent, StoredEvent

_LOOKED_BACK = timedelta(days=1)
_UNSETTLED = events.c.settled_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Events:
    """The queue of events. An event is *waiting*, then *passed on*, then *settled*: Prefect has it, or refused it."""

    database: Database

    async def add(self, source: str, incoming: Sequence[IncomingEvent]) -> Accepted:
        """Keep those that are new and count the others, all or none; what comes twice in one delivery is repeated too."""
        # In the order of the keys, so that two deliveries of the same events never wait for each other in a circle.
        rows = [_row(source, event) for _, event in sorted({event.key: event for event in incoming}.items())]
        if not rows:
            return Accepted(stored=0, repeated=0)
        new = insert(events).values(rows)
        again = {"seen": events.c.seen + 1, "last_seen_at": new.excluded.last_seen_at}
        upsert = new.on_conflict_do_update(index_elements=["source", "key"], set_=again).returning(
            literal_column("xmax = 0", Boolean).label("is_new")
        )

        async def work(connection: AsyncConnection) -> int:
            return sum((await connection.execute(upsert)).scalars())

        stored = await self.database.write(work)
        return Accepted(stored=stored, repeated=len(incoming) - stored)

    async def waiting(self, limit: int, *, again_after: timedelta) -> list[StoredEvent]:
        """The oldest that are to be passed on: never yet, or so long ago that Prefect must have lost them."""
        is_due = or_(events.c.passed_at.is_(None), events.c.passed_at < DATABASE_NOW - again_after)
        return await self._unsettled(is_due, limit)

    async def unconfirmed(self, limit: int) -> list[StoredEvent]:
        """The oldest that were passed on and not seen in Prefect yet."""
        return await self._unsettled(events.c.passed_at.is_not(None), limit)

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

        async def work(connection: AsyncConnection) -> EventCounts:
            return EventCounts.model_validate(dict((await connection.execute(query)).mappings().one()))

        return await self.database.read(work)

    async def _unsettled(self, which: ColumnElement[bool], limit: int) -> list[StoredEvent]:
        query = select(events).where(_UNSETTLED & which).order_by(events.c.place).limit(limit)

        async def work(connection: AsyncConnection) -> list[StoredEvent]:
            return [_stored(row) for row in (await connection.execute(query)).mappings()]

        return await self.database.read(work)

    async def _update(self, places: Sequence[int], values: Mapping[str, Any]) -> None:
        change = events.update().where(_UNSETTLED & events.c.place.in_(places)).values(**values)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change)

        if places:
            await self.database.write(work)


def _row(source: str, event: IncomingEvent) -> dict[str, Any]:
    started = {"received_at": DATABASE_NOW, "last_seen_at": DATABASE_NOW, "seen": 1, "attempts": 0, "refusal": ""}
    return {"source": source, "key": event.key, "document": document(event), **started}


def _stored(row: Mapping[Any, Any]) -> StoredEvent:
    return StoredEvent(
        place=row["place"],
        source=row["source"],
        event=from_document(IncomingEvent, row),
        received_at=row["received_at"],
        attempts=row["attempts"],
    )

"""The journal of each run: events in order, appended by the one process that holds the lease (R4.8)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError
from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.database import Database
from blocks.store.leases import hold_lease
from blocks.store.leave import come_back, take_leave
from blocks.store.notices import notify
from blocks.store.rows import DATABASE_NOW, document, why_unfit
from blocks.store.tables import journal
from blueprint.audit import not_made
from blueprint.errors import Unreadable
from blueprint.records import JournalEntry
from blueprint.stream import JOURNAL_FORMAT, STREAM_EVENT, Intended, Returned, StreamEvent


@dataclass(frozen=True, kw_only=True)
class Journals:
    """The journals of all runs; entries are never changed."""

    database: Database

    async def append(self, run_id: str, event: StreamEvent, owner: str) -> JournalEntry:
        """Write one event; what this returned from is durable. LeaseLost unless `owner` holds the run's lease.

        An `Intended` event uses up what allows it in the same transaction; NotPermitted, and nothing written, when it
        can't (R5.3). A `Returned` one spends it for good, and ends the standing rule whose call went wrong.
        """

        async def work(connection: AsyncConnection) -> JournalEntry:
            mission_id = await hold_lease(connection, run_id, owner)
            match event:
                case Intended():
                    await take_leave(connection, run_id, event)
                case Returned():
                    await come_back(connection, run_id, event)
                case _:
                    pass
            entry = await _insert(connection, run_id, event)
            await notify(connection, run_id=run_id, sequence=entry.sequence)
            if isinstance(event, Returned) and event.is_refused:
                await audit(connection, mission_id, not_made(run_id, event.call, event.text))
            return entry

        return await self.database.write(work)

    async def read(self, run_id: str, after: int = 0) -> list[JournalEntry]:
        """Entries in order, those with a sequence greater than `after`; sequences start at 1 and have no gaps.

        Unreadable when one of them was written by a version of the code that this one does not understand.
        """
        return [_entry(row) for row in await self._rows(run_id, after)]

    async def readable(self, run_id: str) -> list[JournalEntry]:
        """Entries in order, up to the first that this version of the code does not understand: for a last report."""
        entries: list[JournalEntry] = []
        with suppress(Unreadable):
            for row in await self._rows(run_id, after=0):
                entries.append(_entry(row))
        return entries

    async def _rows(self, run_id: str, after: int) -> Sequence[RowMapping]:
        query = select(journal).where(journal.c.run_id == run_id, journal.c.sequence > after).order_by(journal.c.sequence)
        return await self.database.rows(query)


def _entry(row: RowMapping) -> JournalEntry:
    what = f"Entry {row['sequence']} of the journal of run {row['run_id']}"
    if row["format"] > JOURNAL_FORMAT:
        raise Unreadable(what, f"it is of format {row['format']}, and this version reads up to {JOURNAL_FORMAT}")
    try:
        event = STREAM_EVENT.validate_python(row["document"])
    except ValidationError as error:
        raise Unreadable(what, f"{_kind(row['document'])}; {why_unfit(error)}") from error
    return JournalEntry(sequence=row["sequence"], at=row["at"], event=event)


def _kind(document: object) -> str:
    """Which event it is, by the one word in it that nobody but the code has written."""
    kind = cast("dict[str, object]", document).get("kind") if isinstance(document, dict) else None
    return f"it is the event {str(kind)[:40]!r}"


async def _insert(connection: AsyncConnection, run_id: str, event: StreamEvent) -> JournalEntry:
    last = select(func.coalesce(func.max(journal.c.sequence), 0)).where(journal.c.run_id == run_id)
    new = (
        journal.insert()
        .values(
            run_id=run_id,
            sequence=last.scalar_subquery() + 1,
            at=DATABASE_NOW,
            format=JOURNAL_FORMAT,
            document=document(event),
        )
        .returning(journal.c.sequence, journal.c.at)
    )
    row = (await connection.execute(new)).mappings().one()
    return JournalEntry(sequence=row["sequence"], at=row["at"], event=event)

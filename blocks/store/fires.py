"""Fires that did not become runs, and why (R2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.queue import leave_queue
from blocks.store.rows import document, from_document
from blocks.store.tables import fires
from blueprint.records import FireRecord


@dataclass(frozen=True, kw_only=True)
class Fires:
    """All fires that were skipped."""

    database: Database

    async def add(self, record: FireRecord) -> None:
        """Keep the record; a second one of the same flow run changes nothing. It is no longer in the queue."""
        row = {"run_id": record.run_id, "mission_id": record.mission_id, "at": record.at, "document": document(record)}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(fires).values(row).on_conflict_do_nothing())
            await leave_queue(connection, record.run_id)

        await self.database.write(work)

    async def since(self, mission_id: str, since: datetime) -> Sequence[FireRecord]:
        """A Mission's fires that were skipped since then, the oldest first."""
        query = select(fires.c.document).where(fires.c.mission_id == mission_id, fires.c.at >= since).order_by(fires.c.at)
        return [from_document(FireRecord, row) for row in await self.database.rows(query)]

    async def list(self, mission_id: str) -> list[FireRecord]:
        """A Mission's skipped fires, the newest first."""
        query = select(fires.c.document).where(fires.c.mission_id == mission_id).order_by(fires.c.at.desc(), fires.c.run_id)
        return [from_document(FireRecord, row) for row in await self.database.rows(query)]

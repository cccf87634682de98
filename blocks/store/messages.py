"""The message center's inbox (R7.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.notices import notify
from blocks.store.rows import DATABASE_NOW, document
from blocks.store.tables import deliveries, messages
from blueprint.records import Message
from blueprint.values import digest


@dataclass(frozen=True, kw_only=True)
class Messages:
    """All messages, read and unread."""

    database: Database

    async def add(self, message: Message) -> None:
        """Keep a message; a second one with the same id changes nothing."""
        await self.database.write(lambda connection: add_message(connection, message))

    async def mark_read(self, ids: Sequence[str]) -> int:
        """How many of these were unread until now."""
        unread = messages.c.id.in_(ids) & ~messages.c.is_read

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(messages.update().where(unread).values(is_read=True))).rowcount

        return await self.database.write(work)

    async def list(self, unread_only: bool = False, mission_id: str | None = None, limit: int = 1_000) -> list[Message]:
        """Messages, the newest first."""
        query = select(messages.c.document, messages.c.is_read).order_by(messages.c.at.desc(), messages.c.id).limit(limit)
        if unread_only:
            query = query.where(~messages.c.is_read)
        if mission_id is not None:
            query = query.where(messages.c.mission_id == mission_id)

        async def work(connection: AsyncConnection) -> list[Message]:
            rows = (await connection.execute(query)).mappings()
            return [Message.model_validate({**row["document"], "is_read": row["is_read"]}) for row in rows]

        return await self.database.read(work)

    async def forget(self, older_than: timedelta) -> int:
        """Delete messages that are older and owed to no channel any more; gives how many."""
        is_owed = select(deliveries.c.message_id).where(
            deliveries.c.message_id == messages.c.id, deliveries.c.settled_at.is_(None)
        )
        old = (messages.c.at < DATABASE_NOW - older_than, messages.c.routed_at.is_not(None), ~is_owed.exists())

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(messages.delete().where(*old))).rowcount

        return await self.database.write(work)


async def add_message(connection: AsyncConnection, message: Message) -> None:
    """Keep a message within a transaction that does more; a second one with the same id changes nothing."""
    new = insert(messages).values(_row(message)).on_conflict_do_nothing().returning(messages.c.id)
    if await connection.scalar(new) is not None:
        await notify(connection, message=digest(message.id)[:16])  # PostgreSQL may keep notices in a file; the id tells whose


def _row(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "mission_id": message.mission_id,
        "at": message.at,
        "is_read": message.is_read,
        "document": document(message),
    }

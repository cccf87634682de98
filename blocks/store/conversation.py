"""What a person and the planner said to each other about a Mission (R2.1, R3.5)."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.missions import lock_mission
from blocks.store.rows import document, from_document
from blocks.store.tables import conversation
from blueprint.records import ConversationTurn


@dataclass(frozen=True, kw_only=True)
class Conversations:
    """The conversations of all Missions."""

    database: Database

    async def add(self, mission_id: str, turn: ConversationTurn, key: str) -> None:
        """Keep one turn; a second one with the same key changes nothing. UnknownName when there is no such Mission."""
        row = {"mission_id": mission_id, "key": key, "document": document(turn)}

        async def work(connection: AsyncConnection) -> None:
            await lock_mission(connection, mission_id)
            await connection.execute(insert(conversation).values(row).on_conflict_do_nothing())

        await self.database.write(work)

    async def get(self, mission_id: str, key: str) -> ConversationTurn | None:
        """The turn that was kept under this key; None when there is none."""
        query = select(conversation.c.document).where(conversation.c.mission_id == mission_id, conversation.c.key == key)
        row = await self.database.row(query)
        return None if row is None else from_document(ConversationTurn, row)

    async def of(self, mission_id: str) -> list[ConversationTurn]:
        """All turns, in the order in which they were said."""
        query = select(conversation.c.document).where(conversation.c.mission_id == mission_id).order_by(conversation.c.place)
        return [from_document(ConversationTurn, row) for row in await self.database.rows(query)]

"""The queue: fires of busy Tasks that wait for their turn (R2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.notices import notify
from blocks.store.rows import document, from_document
from blocks.store.tables import queue
from blueprint.records import QueuedFire


@dataclass(frozen=True, kw_only=True)
class Queue:
    """All fires that wait, in the order in which they came. A run that begins, or is refused, leaves it by itself."""

    database: Database

    async def join(self, fire: QueuedFire) -> None:
        """Give it a place at the end, unless it has one."""
        row = {"run_id": fire.run_id, "mission_id": fire.mission_id, "task": fire.task, "document": document(fire)}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(queue).values(row).on_conflict_do_nothing())
            await notify(connection, run_id=fire.run_id)

        await self.database.write(work)

    async def leave(self, run_ids: Sequence[str]) -> None:
        """Take these out, where they are still in."""
        await self.database.write(lambda connection: leave_queue(connection, *run_ids))

    async def all(self) -> list[QueuedFire]:
        """The whole queue, of all Tasks, the first to come first."""
        return await self._list(queue.c.run_id.is_not(None))

    async def of_task(self, mission_id: str, task: str) -> list[QueuedFire]:
        """The queue of one Task, the first to come first."""
        return await self._list((queue.c.mission_id == mission_id) & (queue.c.task == task))

    async def _list(self, which: ColumnElement[bool]) -> list[QueuedFire]:
        query = select(queue.c.document).where(which).order_by(queue.c.place)
        return [from_document(QueuedFire, row) for row in await self.database.rows(query)]


async def leave_queue(connection: AsyncConnection, *run_ids: str) -> None:
    """Within a transaction that says what became of these runs."""
    await connection.execute(queue.delete().where(queue.c.run_id.in_(run_ids)))

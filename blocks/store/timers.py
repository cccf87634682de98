"""Up to when the fires of each Task's timer are accounted for (R2.8)."""

from dataclasses import dataclass

from sqlalchemy import Text, cast, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import document, from_document
from blocks.store.tables import missions, plans, timers
from blueprint.missed import Account
from blueprint.mission import MissionState

_HAS_TIMER = cast(plans.c.document, Text).like('%"kind": "cron"%')
"""Not a word of it is parsed: a plan that only speaks of such a thing is looked at for nothing."""


@dataclass(frozen=True, kw_only=True)
class Timers:
    """The accounts of all timers."""

    database: Database

    async def missions(self) -> list[str]:
        """Active Missions whose plan in force has a timer."""
        in_force = (plans.c.mission_id == missions.c.id) & (plans.c.version == missions.c.plan_version)
        query = select(missions.c.id).join(plans, in_force).where(missions.c.state == MissionState.ACTIVE, _HAS_TIMER)

        async def work(connection: AsyncConnection) -> list[str]:
            return list(await connection.scalars(query))

        return await self.database.read(work)

    async def get(self, mission_id: str, task: str) -> Account | None:
        """The account of a Task's timer; None when nobody has opened one."""
        query = select(timers.c.document).where(timers.c.mission_id == mission_id, timers.c.task == task)
        row = await self.database.row(query)
        return None if row is None else from_document(Account, row)

    async def set(self, mission_id: str, task: str, account: Account) -> None:
        """Open it, or bring it up to its `until`."""
        new = insert(timers).values(mission_id=mission_id, task=task, document=document(account))
        key = [timers.c.mission_id, timers.c.task]
        change = new.on_conflict_do_update(index_elements=key, set_={"document": new.excluded.document})

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change)

        await self.database.write(work)

"""What the model has used to plan each Mission and to talk about it: what its runs used stands in their records (R4.5)."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.tables import planning_usage
from blueprint.stream import Usage

_COUNTED = ("input_tokens", "output_tokens", "cost")


@dataclass(frozen=True, kw_only=True)
class PlanningUsage:
    """A sum for each Mission."""

    database: Database

    async def add(self, mission_id: str, usage: Usage) -> None:
        """Count one request more."""
        used = usage.model_dump(include=set(_COUNTED))
        new = insert(planning_usage).values(mission_id=mission_id, **used)
        sums = {name: planning_usage.c[name] + new.excluded[name] for name in used}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new.on_conflict_do_update(index_elements=["mission_id"], set_=sums))

        await self.database.write(work)

    async def of(self, mission_id: str) -> Usage:
        """All of it so far."""
        query = select(planning_usage).where(planning_usage.c.mission_id == mission_id)

        async def work(connection: AsyncConnection) -> Usage:
            row = (await connection.execute(query)).mappings().one_or_none()
            return Usage() if row is None else Usage(**{name: row[name] for name in _COUNTED})

        return await self.database.read(work)

"""How each notification channel has done lately (R7.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, document, from_document
from blocks.store.tables import channel_states
from blueprint.bundling import pause_after
from blueprint.notification import ChannelState


@dataclass(frozen=True, kw_only=True)
class ChannelStates:
    """The states of all channels; one of which nothing is known has an empty state."""

    database: Database

    async def all(self) -> dict[str, ChannelState]:
        """Every known state, by the channel's name."""
        query = select(channel_states)

        async def work(connection: AsyncConnection) -> dict[str, ChannelState]:
            rows = (await connection.execute(query)).mappings()
            return {row["channel"]: from_document(ChannelState, row) for row in rows}

        return await self.database.read(work)

    async def answered(self, channel: str) -> ChannelState:
        """The channel took something."""
        return await self._change(channel, lambda _, now: ChannelState(answered_at=now))

    async def failed(self, channel: str, reason: str) -> ChannelState:
        """The channel did not; it is left alone for a growing while."""

        def change(state: ChannelState, now: datetime) -> ChannelState:
            failures = state.failures + 1
            changed = {"failures": failures, "reason": reason, "failing_since": state.failing_since or now}
            return state.model_copy(update=changed | {"pause_until": now + pause_after(failures)})

        return await self._change(channel, change)

    async def forget(self, channel: str) -> None:
        """The channel is gone."""
        gone = channel_states.delete().where(channel_states.c.channel == channel)
        await self.database.write(lambda connection: connection.execute(gone))

    async def _change(self, channel: str, change: Callable[[ChannelState, datetime], ChannelState]) -> ChannelState:
        first = insert(channel_states).values(channel=channel, document=document(ChannelState())).on_conflict_do_nothing()
        query = select(channel_states.c.document, DATABASE_NOW.label("now")).where(channel_states.c.channel == channel)

        async def work(connection: AsyncConnection) -> ChannelState:
            await connection.execute(first)
            row = (await connection.execute(query.with_for_update())).mappings().one()
            state = change(from_document(ChannelState, row), row["now"])
            update = channel_states.update().where(channel_states.c.channel == channel).values(document=document(state))
            await connection.execute(update)
            return state

        return await self.database.write(work)

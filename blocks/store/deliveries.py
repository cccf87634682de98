"""The outbox: which message goes to which channel, and which have been taken (R7.3).

A message is routed once, to the channels that there are then. Before a notification is sent its deliveries are claimed under
the notification's id; a process that dies with it leaves the claim, which runs out, and the same notification goes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, from_known_document
from blocks.store.tables import deliveries, messages
from blueprint.bundling import Bundle, Due
from blueprint.records import Message

_MOST_ROUTED, _MOST_DUE = 500, 400
_UNSETTLED = deliveries.c.settled_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Deliveries:
    """All deliveries, by the database's clock."""

    database: Database

    async def unrouted(self) -> list[Message]:
        """Messages for which no channels were chosen yet, the oldest first; what another version wrote is left to it."""
        query = select(messages.c.document).where(messages.c.routed_at.is_(None)).order_by(messages.c.place).limit(_MOST_ROUTED)
        found = [from_known_document(Message, row) for row in await self.database.rows(query)]
        return [message for message in found if message is not None]

    async def route(self, message_id: str, channels: Sequence[str]) -> None:
        """Owe the message to these channels, in one transaction with the note that it is routed."""
        start = {"message_id": message_id, "attempts": 0, "bundle": "", "reason": ""}
        start |= {"made_at": DATABASE_NOW, "next_at": DATABASE_NOW}
        mark = messages.update().where(messages.c.id == message_id, messages.c.routed_at.is_(None))

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(mark.values(routed_at=DATABASE_NOW))).rowcount:
                for channel in channels:
                    await connection.execute(insert(deliveries).values(start | {"channel": channel}).on_conflict_do_nothing())

        await self.database.write(work)

    async def channels_due(self) -> list[str]:
        """Channels that have something to take now."""
        query = select(deliveries.c.channel).where(_UNSETTLED, deliveries.c.next_at <= DATABASE_NOW).distinct()
        return sorted(row["channel"] for row in await self.database.rows(query))

    async def due(self, channel: str) -> list[Due]:
        """What the channel has to take now, in the order in which it came."""
        query = (
            select(deliveries, messages.c.document)
            .join(messages, messages.c.id == deliveries.c.message_id)
            .where(_UNSETTLED, deliveries.c.channel == channel, deliveries.c.next_at <= DATABASE_NOW)
            .order_by(messages.c.place)
            .limit(_MOST_DUE)
        )
        found = [(row, from_known_document(Message, row)) for row in await self.database.rows(query)]
        return [
            Due(channel=channel, message=message, attempts=row["attempts"], bundle=row["bundle"])
            for row, message in found
            if message is not None
        ]

    async def claim(self, channel: str, bundle: Bundle, seconds: float) -> bool:
        """Note, before it is sent, what is about to be sent; False when another process has some of it by now."""
        changed = {"attempts": deliveries.c.attempts + 1, "bundle": bundle.id, "next_at": _in(seconds)}
        mine = (*_of(channel, bundle), deliveries.c.next_at <= DATABASE_NOW)

        async def work(connection: AsyncConnection) -> bool:
            rows = select(deliveries.c.message_id).where(*mine).with_for_update(skip_locked=True)
            if len((await connection.execute(rows)).all()) != len(bundle.messages):
                return False
            await connection.execute(deliveries.update().where(*mine).values(changed))
            return True

        return await self.database.write(work)

    async def taken(self, channel: str, bundle: Bundle) -> None:
        """The channel has it."""
        await self._settle(_of(channel, bundle), "")

    async def not_taken(self, channel: str, bundle: Bundle, reason: str, *, again_in: timedelta, may_have_arrived: bool) -> None:
        """To be sent again: under the same id when nobody knows whether it arrived."""
        changed = {"reason": reason, "next_at": _in(again_in.total_seconds()), "bundle": bundle.id if may_have_arrived else ""}
        update = deliveries.update().where(*_of(channel, bundle)).values(changed)
        await self.database.write(lambda connection: connection.execute(update))

    async def give_up(self, older_than: timedelta) -> int:
        """Stop trying what the channels have not taken for so long; gives how many. They stay in the inbox."""
        return await self._settle((deliveries.c.made_at < DATABASE_NOW - older_than,), "given up")

    async def forget_channel(self, channel: str, reason: str) -> int:
        """The channel is gone: nothing is owed to it any more; gives how much was."""
        return await self._settle((deliveries.c.channel == channel,), reason)

    async def waiting(self) -> dict[str, int]:
        """How many messages each channel has not taken yet."""
        query = select(deliveries.c.channel, func.count().label("waiting")).where(_UNSETTLED).group_by(deliveries.c.channel)
        return {row["channel"]: row["waiting"] for row in await self.database.rows(query)}

    async def _settle(self, which: Sequence[ColumnElement[bool]], reason: str) -> int:
        """End deliveries; `reason` says why without success, and stands before what was wrong last."""
        words = func.concat_ws(": ", reason, func.nullif(deliveries.c.reason, "")) if reason else ""
        update = deliveries.update().where(_UNSETTLED, *which).values(settled_at=DATABASE_NOW, reason=words)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(update)).rowcount

        return await self.database.write(work)


def _of(channel: str, bundle: Bundle) -> tuple[ColumnElement[bool], ...]:
    return (_UNSETTLED, deliveries.c.channel == channel, deliveries.c.message_id.in_(bundle.message_ids))


def _in(seconds: float) -> ColumnElement[object]:
    return DATABASE_NOW + func.make_interval(0, 0, 0, 0, 0, 0, seconds)

"""The audit record: append-only and hash-chained per Mission, written in the transaction of what it tells of (R5.6)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW
from blocks.store.tables import audit_entries, audit_heads
from blueprint.audit import AuditEntry, AuditEvent
from blueprint.chain import Head, Link, chain_hash
from blueprint.values import canonical_json, storable


async def audit(connection: AsyncConnection, mission_id: str, event: AuditEvent) -> None:
    """Write `event` into the Mission's record, in the transaction of `connection`.

    Call it last in the transaction: it locks the record until the end, and whoever then waited for another row's lock
    could wait for one who waits for the record.
    """
    mission_id = storable(mission_id)
    count, previous, now = await _locked_head(connection, mission_id)
    entry = AuditEntry(mission_id=mission_id, sequence=count + 1, at=now, event=event)
    text = storable(entry.text)
    head = {"count": entry.sequence, "hash": chain_hash(previous, text)}
    row = {"mission_id": mission_id, "sequence": entry.sequence, "document": text, "hash": head["hash"]}
    await connection.execute(audit_entries.insert().values(row))
    await connection.execute(audit_heads.update().where(audit_heads.c.mission_id == mission_id).values(head))


async def audit_once(connection: AsyncConnection, mission_id: str, event: AuditEvent) -> None:
    """Like `audit`, but an event that the record has word for word is not written again: what tells of it may repeat itself."""
    mission_id = storable(mission_id)
    await _locked_head(connection, mission_id)
    words = storable(canonical_json(event.model_dump(mode="json")))
    known = select(audit_entries.c.sequence).where(
        audit_entries.c.mission_id == mission_id, audit_entries.c.document.contains(words, autoescape=True)
    )
    if (await connection.execute(known.limit(1))).first() is None:
        await audit(connection, mission_id, event)


@dataclass(frozen=True, kw_only=True)
class Audits:
    """The audit records of all Missions; entries are never changed."""

    database: Database

    async def add_once(self, mission_id: str, event: AuditEvent) -> None:
        """Write an event that no other change of the store goes with; the same one again changes nothing."""
        await self.database.write(lambda connection: audit_once(connection, mission_id, event))

    async def read(self, mission_id: str) -> tuple[list[Link], Head | None]:
        """The chain as it is stored and its head, both of one moment, for `blueprint.chain.find_break`."""
        of_mission = audit_entries.c.mission_id == storable(mission_id)
        chain = select(audit_entries).where(of_mission).order_by(audit_entries.c.sequence)
        head = select(audit_heads).where(audit_heads.c.mission_id == storable(mission_id))

        async def work(connection: AsyncConnection) -> tuple[list[Link], Head | None]:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            links = [
                Link(sequence=row["sequence"], text=row["document"], hash=row["hash"])
                for row in (await connection.execute(chain)).mappings()
            ]
            found = (await connection.execute(head)).mappings().one_or_none()
            return links, None if found is None else Head(count=found["count"], hash=found["hash"])

        return await self.database.read(work)


async def _locked_head(connection: AsyncConnection, mission_id: str) -> Row[tuple[int, str, datetime]]:
    """Count and last hash of the record, which is locked until the transaction ends, and the database's time."""
    first = insert(audit_heads).values(mission_id=mission_id, count=0, hash="")
    await connection.execute(first.on_conflict_do_nothing())
    head = select(audit_heads.c.count, audit_heads.c.hash, DATABASE_NOW).where(audit_heads.c.mission_id == mission_id)
    return (await connection.execute(head.with_for_update())).one()

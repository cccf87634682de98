"""Deletions of Missions: the intent is kept until all is gone, then a certificate without a word of the Mission (R3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Table, Text, any_, cast, select, text, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.database import Database
from blocks.store.missions import lock_mission, switch_state
from blocks.store.rows import document, from_document
from blocks.store.tables import deletions, events, fires, leases, metadata, missions, requests, runs
from blueprint.audit import MissionChanged
from blueprint.deletion import Deletion, DeletionState, deletion_key
from blueprint.events import event_id
from blueprint.mission import MissionState


@dataclass(frozen=True, kw_only=True)
class Deletions:
    """All deletions, those that go on and those that are over."""

    database: Database

    async def begin(self, mission_id: str, *, by: str, now: datetime) -> Deletion:
        """The Mission is Deleted from now on, so that nothing of it starts; the same again gives what was begun."""
        new = Deletion(key=deletion_key(mission_id), mission_id=mission_id, by=by, begun_at=now)

        async def work(connection: AsyncConnection) -> Deletion:
            mission = await lock_mission(connection, mission_id)
            await connection.execute(insert(deletions).values(_row(new)).on_conflict_do_nothing())
            if mission.state is not MissionState.DELETED:
                await switch_state(connection, mission, MissionState.DELETED, now)
                await audit(connection, mission_id, MissionChanged(was=mission.state, state=MissionState.DELETED, by=by))
            return await _load(connection, new.key)

        return await self.database.write(work)

    async def get(self, key: str) -> Deletion | None:
        """The deletion with this key, see `deletion_key`."""
        found = await self._list(deletions.c.key == key)
        return found[0] if found else None

    async def pending(self) -> list[Deletion]:
        """Those that are not over, the oldest first."""
        return await self._list(deletions.c.state != DeletionState.DONE)

    async def keep(self, deletion: Deletion) -> Deletion:
        """Note how far it has come."""

        async def work(connection: AsyncConnection) -> Deletion:
            await connection.execute(deletions.update().where(deletions.c.key == deletion.key).values(_row(deletion)))
            return deletion

        return await self.database.write(work)

    async def runs_of(self, mission_id: str) -> list[str]:
        """Ids of all flow runs that the store knows as the Mission's, creations and conversations included."""
        tables = (runs.c.id, runs.c.mission_id), (leases.c.run_id, leases.c.mission_id), (fires.c.run_id, fires.c.mission_id)
        tables = (*tables, (requests.c.run_id, requests.c.mission_id))
        query = union(*(select(run_id.label("id")).where(of == mission_id) for run_id, of in tables))
        return [row["id"] for row in await self.database.rows(query)]

    async def own_events(self, mission_id: str) -> list[str]:
        """Ids of the events that started runs of this Mission and of no other."""
        own = select(runs.c.occasion).where(runs.c.mission_id == mission_id, runs.c.occasion.is_not(None))
        others = select(runs.c.occasion).where(runs.c.mission_id != mission_id, runs.c.occasion.is_not(None))
        return [row["occasion"] for row in await self.database.rows(own.except_(others))]

    async def forget(self, deletion: Deletion, event_ids: Sequence[str]) -> Deletion:
        """Delete every row of the Mission and, in the same transaction, look for its id in all tables; note both.

        Rows that belong to others and name it stay, and are counted.
        """

        async def work(connection: AsyncConnection) -> Deletion:
            counts = await _delete_rows(connection, deletion, set(event_ids))
            forgotten = deletion.with_removed({f"store: {name}": count for name, count in counts.items()}).model_copy(
                update={"state": DeletionState.FORGOTTEN, "mission_id": "", "traces": ()}
            )
            await connection.execute(deletions.update().where(deletions.c.key == deletion.key).values(_row(forgotten)))
            left = (*deletion.left, *await _still_named(connection, deletion.mission_id))
            forgotten = forgotten.model_copy(update={"left": left})
            await connection.execute(deletions.update().where(deletions.c.key == deletion.key).values(_row(forgotten)))
            return forgotten

        return await self.database.write(work)

    async def _list(self, which: ColumnElement[bool]) -> list[Deletion]:
        query = select(deletions.c.document).where(which).order_by(deletions.c.begun_at)
        return [from_document(Deletion, row) for row in await self.database.rows(query)]


async def _delete_rows(connection: AsyncConnection, deletion: Deletion, event_ids: set[str]) -> dict[str, int]:
    """How many rows went, by table; those that come later to the store are found by their columns, too."""
    await connection.execute(text("SELECT set_config('missions.deleting', :id, true)"), {"id": deletion.mission_id})
    counts = {"events": await _delete_events(connection, event_ids)} if event_ids else {}
    for table in reversed(metadata.sorted_tables):
        if (which := _of_mission(table, deletion)) is not None:
            counts[table.name] = (await connection.execute(table.delete().where(which))).rowcount
    return {name: count for name, count in counts.items() if count}


def _of_mission(table: Table, deletion: Deletion) -> ColumnElement[bool] | None:
    if table is missions:
        return missions.c.id == deletion.mission_id
    if "mission_id" in table.c:
        is_own = table.c.mission_id == deletion.mission_id
        return is_own | _is_one_of(table.c.run_id, deletion.traces) if table is leases else is_own
    return _is_one_of(table.c.run_id, deletion.traces) if "run_id" in table.c else None


def _is_one_of(column: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """As one parameter, however many there are."""
    return column == any_(cast(list(ids), ARRAY(Text)))


async def _delete_events(connection: AsyncConnection, event_ids: set[str]) -> int:
    rows = (await connection.execute(select(events.c.source, events.c.key, events.c.place))).all()
    places = [row.place for row in rows if str(event_id(row.source, row.key)) in event_ids]
    return (await connection.execute(events.delete().where(events.c.place.in_(places)))).rowcount


async def _still_named(connection: AsyncConnection, mission_id: str) -> list[str]:
    """Not by columns: whatever holds the id anywhere in a row is counted."""
    found = list[str]()
    for table in metadata.sorted_tables:
        whole = text(f"SELECT count(*) FROM {table.fullname} AS t WHERE position(:id IN t::text) > 0")
        if count := await connection.scalar(whole, {"id": mission_id}):
            found.append(f"{count} rows of the store's table {table.name}: they belong to others and speak of it")
    return found


async def _load(connection: AsyncConnection, key: str) -> Deletion:
    return from_document(Deletion, (await connection.execute(select(deletions).where(deletions.c.key == key))).mappings().one())


def _row(deletion: Deletion) -> dict[str, object]:
    return {
        "key": deletion.key,
        "state": deletion.state,
        "begun_at": deletion.begun_at,
        "document": document(deletion),
    }

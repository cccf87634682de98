"""Missions in the store: made, found, listed, and changed under a lock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import false, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.database import Database
from blocks.store.messages import add_message
from blocks.store.rows import document, from_document
from blocks.store.tables import fires, missions, plans, runs
from blueprint.audit import MissionChanged
from blueprint.errors import InvalidInput, UnknownName
from blueprint.mission import Mission, MissionState, check_transition
from blueprint.records import Message
from blueprint.reporting import ReportTimes
from blueprint.values import storable

_CANDIDATES = 20


@dataclass(frozen=True, kw_only=True)
class Missions:
    """All Missions. Every method is one transaction; UnknownName when there is no such Mission."""

    database: Database

    async def add(self, mission: Mission) -> None:
        """Keep a new Mission; the same one again changes nothing. InvalidInput when its id is another's."""

        async def work(connection: AsyncConnection) -> None:
            new = insert(missions).values(_row(mission)).on_conflict_do_nothing().returning(missions.c.id)
            if await connection.scalar(new) is not None:
                await audit(connection, mission.id, MissionChanged(state=mission.state))
            elif await _load(connection, mission.id) != mission:
                raise InvalidInput(f"There is a Mission {mission.id!r} already; give the new one another id.")

        await self.database.write(work)

    async def get(self, mission_id: str) -> Mission:
        """The Mission with exactly this id."""
        return await self.database.read(lambda connection: _load(connection, mission_id))

    async def find(self, text: str) -> Mission:
        """The Mission that a person means: by id, by a prefix of the id that only one has, or by its title."""

        async def work(connection: AsyncConnection) -> Mission:
            given = storable(text.strip())
            is_meant = or_(missions.c.id.startswith(given, autoescape=True), func.lower(missions.c.title) == given.lower())
            # The exact id comes first, whatever else fits.
            query = (
                select(missions)
                .where(is_meant if given else false())
                .order_by(missions.c.id != given, missions.c.active_at.desc())
            )
            found = (await connection.execute(query.limit(_CANDIDATES))).mappings().all()
            if found and (len(found) == 1 or found[0]["id"] == given):
                return from_document(Mission, found[0])
            candidates = [f"{row['id']} ({row['title']})" for row in found] or await _latest_ids(connection)
            raise UnknownName("Mission", text, candidates, ambiguous=bool(found))

        return await self.database.read(work)

    async def list(
        self, state: MissionState | None = None, search: str = "", *, limit: int | None = None, offset: int = 0
    ) -> list[Mission]:
        """Missions by last activity; `search` looks at ids, titles and the names and titles of Tasks (R3.4)."""
        query = select(missions.c.document).order_by(missions.c.active_at.desc(), missions.c.id)
        if state is not None:
            query = query.where(missions.c.state == state)
        if words := storable(search.strip()):
            current = select(func.max(plans.c.version)).where(plans.c.mission_id == missions.c.id).correlate(missions)
            in_force = func.coalesce(missions.c.plan_version, current.scalar_subquery())
            has_task = select(plans.c.version).where(
                plans.c.mission_id == missions.c.id, plans.c.version == in_force, plans.c.words.icontains(words, autoescape=True)
            )
            named = (column.icontains(words, autoescape=True) for column in (missions.c.id, missions.c.title))
            query = query.where(or_(*named, has_task.exists()))
        query = query.limit(limit).offset(offset)
        return [from_document(Mission, row) for row in await self.database.rows(query)]

    async def count(self) -> dict[MissionState, int]:
        """How many there are in each state."""
        query = select(missions.c.state, func.count().label("count")).group_by(missions.c.state)
        return {MissionState(row["state"]): row["count"] for row in await self.database.rows(query)}

    async def marks(self, *, limit: int) -> dict[str, str]:
        """Of the Missions that were launched, the last active first, what changes whenever their records do."""
        ended = select(func.max(runs.c.end_place)).where(runs.c.mission_id == missions.c.id).correlate(missions).scalar_subquery()
        skipped = select(func.count()).where(fires.c.mission_id == missions.c.id).correlate(missions).scalar_subquery()
        launched = missions.c.plan_version.is_not(None) & (missions.c.state != MissionState.DELETED)
        query = select(missions.c.id, missions.c.active_at, ended.label("ended"), skipped.label("skipped")).where(launched)
        query = query.order_by(missions.c.active_at.desc()).limit(limit)
        return {row["id"]: f"{row['active_at']} {row['ended']} {row['skipped']}" for row in await self.database.rows(query)}

    async def set_state(
        self, mission_id: str, wanted: MissionState, now: datetime, *, by: str = "", message: Message | None = None
    ) -> Mission:
        """Move it to `wanted`, and tell people; ForbiddenTransition when it can't go there from where it is now (R3.1)."""

        async def work(connection: AsyncConnection) -> Mission:
            mission = await _load(connection, mission_id, lock=True)
            changed = await switch_state(connection, mission, wanted, now)
            if message is not None:
                await add_message(connection, message)
            await audit(connection, mission_id, MissionChanged(was=mission.state, state=wanted, by=by))
            return changed

        return await self.database.write(work)

    async def set_plan_in_force(self, mission_id: str, version: int, digest: str, now: datetime) -> Mission:
        """From now on runs follow this version of the plan."""
        return await self._change(
            mission_id,
            lambda mission: mission.model_copy(update={"plan_version": version, "plan_digest": digest, "active_at": now}),
        )

    async def describe(self, mission_id: str, *, title: str, timezone: str, now: datetime) -> Mission:
        """Give it the title and the zone that its plan names."""
        changed = {"title": title, "timezone": timezone, "active_at": now}
        return await self._change(mission_id, lambda mission: mission.model_copy(update=changed))

    async def set_report_times(self, mission_id: str, times: ReportTimes) -> Mission:
        """From now on its Mission Reports are made at these times."""
        return await self._change(mission_id, lambda mission: mission.model_copy(update={"reports": times}))

    async def touch(self, mission_id: str, now: datetime) -> None:
        """Something happened in it: the list sorts by this."""
        await self._change(mission_id, lambda mission: mission.model_copy(update={"active_at": max(now, mission.active_at)}))

    async def _change(self, mission_id: str, change: Callable[[Mission], Mission]) -> Mission:
        async def work(connection: AsyncConnection) -> Mission:
            return await _store(connection, change(await _load(connection, mission_id, lock=True)))

        return await self.database.write(work)


async def lock_mission(connection: AsyncConnection, mission_id: str) -> Mission:
    """The Mission; nobody else changes it, or adds a plan to it, before the transaction ends."""
    return await _load(connection, mission_id, lock=True)


async def switch_state(connection: AsyncConnection, mission: Mission, wanted: MissionState, now: datetime) -> Mission:
    """Move a locked Mission to `wanted`; ForbiddenTransition when it can't go there (R3.1)."""
    check_transition(mission, wanted)
    return await _store(connection, mission.model_copy(update={"state": wanted, "active_at": now}))


async def _load(connection: AsyncConnection, mission_id: str, *, lock: bool = False) -> Mission:
    query = select(missions.c.document).where(missions.c.id == storable(mission_id))
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise UnknownName("Mission", mission_id, await _latest_ids(connection))
    return from_document(Mission, row)


async def _store(connection: AsyncConnection, mission: Mission) -> Mission:
    await connection.execute(missions.update().where(missions.c.id == mission.id).values(_row(mission)))
    return mission


async def _latest_ids(connection: AsyncConnection) -> list[str]:
    latest = select(missions.c.id).order_by(missions.c.active_at.desc()).limit(_CANDIDATES)
    return list(await connection.scalars(latest))


def _row(mission: Mission) -> dict[str, object]:
    return {
        "id": mission.id,
        "title": storable(mission.title),
        "state": mission.state,
        "plan_version": mission.plan_version,
        "active_at": mission.active_at,
        "document": document(mission),
    }

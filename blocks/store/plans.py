"""Versions of a Mission's Blueprint, and who confirmed which (R2.4, R3.7)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.database import Database
from blocks.store.missions import lock_mission
from blocks.store.rows import document, from_document
from blocks.store.tables import plans
from blueprint.audit import PlanConfirmed
from blueprint.errors import InvalidInput, UnknownName
from blueprint.plan import Blueprint
from blueprint.records import PlanVersion
from blueprint.values import storable


@dataclass(frozen=True, kw_only=True)
class Plans:
    """All versions of all Blueprints; a version is never changed."""

    database: Database

    async def add(self, mission_id: str, plan: Blueprint, now: datetime) -> int:
        """The version under which `plan` is kept: the next one, or the latest when that is equal."""

        async def work(connection: AsyncConnection) -> int:
            await lock_mission(connection, mission_id)
            latest = await _latest(connection, mission_id)
            if latest is not None and latest["digest"] == plan.digest:
                return latest["version"]
            version = latest["version"] + 1 if latest is not None else 1
            await connection.execute(plans.insert().values(_row(mission_id, version, plan, now)))
            return version

        return await self.database.write(work)

    async def get(self, mission_id: str, version: int) -> Blueprint:
        """The plan of one version; UnknownName lists those that there are."""

        async def work(connection: AsyncConnection) -> Blueprint:
            return from_document(Blueprint, await _version(connection, mission_id, version))

        return await self.database.read(work)

    async def latest(self, mission_id: str) -> tuple[int, Blueprint] | None:
        """The newest version and its plan, confirmed or not; None when the Mission has no plan yet."""

        async def work(connection: AsyncConnection) -> tuple[int, Blueprint] | None:
            row = await _latest(connection, mission_id)
            return None if row is None else (row["version"], from_document(Blueprint, row))

        return await self.database.read(work)

    async def confirm(self, mission_id: str, version: int, digest: str, by: str, now: datetime) -> None:
        """Record who confirmed the version, the first one only; InvalidInput when `digest` is not that version's."""

        async def work(connection: AsyncConnection) -> None:
            row = await _version(connection, mission_id, version)
            if row["digest"] != digest:
                raise InvalidInput(
                    f"What was confirmed ({digest[:12]!r}) is not version {version} of Mission {mission_id!r} "
                    f"({row['digest'][:12]!r}); look at the plan as it is now and confirm that."
                )
            unconfirmed = (_is_version(mission_id, version), plans.c.confirmed_at.is_(None))
            first = plans.update().where(*unconfirmed).values(confirmed_by=storable(by), confirmed_at=now)
            if (await connection.execute(first)).rowcount == 1:
                await audit(connection, mission_id, PlanConfirmed(version=version, digest=digest, by=by))

        await self.database.write(work)

    async def history(self, mission_id: str) -> list[PlanVersion]:
        """All versions, the oldest first."""
        query = select(plans).where(plans.c.mission_id == mission_id).order_by(plans.c.version)
        return [_plan_version(row) for row in await self.database.rows(query)]


def _is_version(mission_id: str, version: int) -> ColumnElement[bool]:
    return (plans.c.mission_id == mission_id) & (plans.c.version == version)


async def _latest(connection: AsyncConnection, mission_id: str) -> RowMapping | None:
    query = select(plans).where(plans.c.mission_id == mission_id).order_by(plans.c.version.desc()).limit(1)
    return (await connection.execute(query)).mappings().one_or_none()


async def _version(connection: AsyncConnection, mission_id: str, version: int) -> RowMapping:
    row = (await connection.execute(select(plans).where(_is_version(mission_id, version)))).mappings().one_or_none()
    if row is None:
        of_mission = select(plans.c.version).where(plans.c.mission_id == mission_id).order_by(plans.c.version)
        versions = [str(known) for known in await connection.scalars(of_mission)]
        raise UnknownName(f"plan version of Mission {mission_id!r}", str(version), versions)
    return row


def _row(mission_id: str, version: int, plan: Blueprint, now: datetime) -> dict[str, object]:
    return {
        "mission_id": mission_id,
        "version": version,
        "digest": plan.digest,
        "words": storable("\n".join(f"{task.name} {task.title}" for task in plan.tasks)),
        "created_at": now,
        "document": document(plan),
    }


def _plan_version(row: RowMapping) -> PlanVersion:
    return PlanVersion(
        version=row["version"],
        digest=row["digest"],
        title=row["document"]["title"],
        created_at=row["created_at"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
    )

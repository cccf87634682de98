"""Leases: which process works on a flow run right now, so that two never work on the same one (R4.8).

held ──park──> parked (waits for a person) ──claim──> held        release: its process stops, the run is not over
held ──release──> released ──claim──> held                        end: the run is over, for good
held ──queue────> queued (waits for its turn) ──claim──> held
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, DateTime, RowMapping, case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW
from blocks.store.runs import note_in_record
from blocks.store.tables import leases
from blueprint.errors import LeaseLost


class LeaseState(StrEnum):
    """Where a flow run stands with its processes; ENDED is final."""

    HELD = "held"
    PARKED = "parked"
    RELEASED = "released"
    QUEUED = "queued"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One flow run's lease; `executions` counts the processes that have worked on it.

    `beat_at` is the last sign of life; `is_fresh`: the lease has not run out, whatever its state is.
    """

    run_id: str
    mission_id: str
    operation: str
    state: LeaseState
    owner: str
    expires_at: datetime
    executions: int
    beat_at: datetime
    is_fresh: bool


_SPAN = func.make_interval(0, 0, 0, 0, 0, 0, leases.c.seconds)

_DATABASE_START = func.pg_postmaster_start_time(type_=DateTime(timezone=True))

_END_OF_LIFE: ColumnElement[datetime] = func.greatest(
    leases.c.expires_at, case((_DATABASE_START <= DATABASE_NOW, _DATABASE_START + _SPAN))
)
"""Nobody can renew while the database is down: after its start each lease gets its full span to be renewed.

A start that lies ahead, because the clock was put back, counts for nothing.
"""

_LIVES = (leases.c.state == LeaseState.HELD) & (_END_OF_LIFE > DATABASE_NOW)


_SINCE_BEAT = func.greatest(timedelta(), func.least(DATABASE_NOW - leases.c.beat_at, _SPAN))
"""Time at work since the last sign of life: at most a lease's span, for a machine that slept did not work, and not less
than nothing where the clock was put back."""

_CLOCK_WAS_PUT_BACK = leases.c.expires_at > DATABASE_NOW + _SPAN + timedelta(minutes=1)
"""No lease is given for so long (the minute is for one that was put back and waits for its process)."""


@dataclass(frozen=True, kw_only=True)
class Leases:
    """The leases of all flow runs, Task runs or not. All times are by the database's clock."""

    database: Database

    async def claim(self, run_id: str, *, mission_id: str, operation: str, owner: str, seconds: int) -> int | None:
        """Take the lease for `owner` (unique to one process); gives the number of this execution, from 1.

        None when somebody else's lease lives, or the flow run is over. Taking one's own again is no new execution.
        """

        async def work(connection: AsyncConnection) -> int | None:
            lease = await _locked(connection, run_id, mission_id, operation)
            is_own = lease["state"] == LeaseState.HELD and lease["owner"] == owner
            if lease["state"] == LeaseState.ENDED or (lease["lives"] and not is_own):
                return None
            executions = lease["executions"] + (0 if is_own else 1)
            held = {"state": LeaseState.HELD, "owner": owner, "seconds": seconds, "executions": executions}
            await _update(connection, run_id, **held, expires_at=_in(seconds), beat_at=DATABASE_NOW)
            await note_in_record(connection, run_id, executions=executions, is_waiting=False)
            return executions

        return await self.database.write(work)

    async def renew(self, run_id: str, owner: str, seconds: int) -> bool:
        """Hold it for `seconds` more, also when it ran out and nobody took it; False when it is no longer `owner`'s."""
        return await self._by_owner(run_id, owner, seconds=seconds, expires_at=_in(seconds))

    async def park(self, run_id: str, owner: str) -> bool:
        """The run waits for a person, which its record says too: no process, no lease. False when it is no longer `owner`'s."""

        async def work(connection: AsyncConnection) -> bool:
            is_parked = await _change_own(connection, run_id, owner, state=LeaseState.PARKED)
            if is_parked:
                await note_in_record(connection, run_id, is_waiting=True)
            return is_parked

        return await self.database.write(work)

    async def release(self, run_id: str, owner: str) -> bool:
        """This process stops, the run is not over: another may take it at once. False when it is no longer `owner`'s."""
        return await self._by_owner(run_id, owner, state=LeaseState.RELEASED)

    async def queue(self, run_id: str, owner: str) -> bool:
        """The run waits for its turn: no process, no lease. False when it is no longer `owner`'s."""
        return await self._by_owner(run_id, owner, state=LeaseState.QUEUED)

    async def put_back(self, run_id: str, *, mission_id: str, operation: str, seconds: int = 0) -> int:
        """The process died: another may take the run at once. Gives how often that has happened to this run.

        The lease is fresh for `seconds`: so long the next process may take to come.
        """

        async def work(connection: AsyncConnection) -> int:
            restarts = (await _locked(connection, run_id, mission_id, operation))["restarts"] + 1
            await _update(connection, run_id, state=LeaseState.RELEASED, restarts=restarts, expires_at=_in(seconds))
            return restarts

        return await self.database.write(work)

    async def working_seconds(self, run_id: str) -> float:
        """How long processes have worked on the run so far, by their signs of life; 0 for an unknown one."""
        query = select(leases.c.working).where(leases.c.run_id == run_id)

        async def work(connection: AsyncConnection) -> float:
            return (await connection.scalar(query) or timedelta()).total_seconds()

        return await self.database.read(work)

    async def end(self, run_id: str) -> None:
        """The run is over: nobody gets its lease any more, and nothing more is written to its journal."""
        await self.database.write(lambda connection: _update(connection, run_id, state=LeaseState.ENDED))

    async def get(self, run_id: str) -> Lease | None:
        """The lease as it is, None when nobody has ever claimed it."""
        found = await self._all(leases.c.run_id == run_id)
        return found[0] if found else None

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Those of these flow runs whose lease somebody has ever claimed."""
        query = select(leases.c.run_id).where(leases.c.run_id.in_(run_ids))

        async def work(connection: AsyncConnection) -> set[str]:
            return set(await connection.scalars(query))

        return await self.database.read(work)

    async def dead(self) -> list[Lease]:
        """Leases of runs that are neither over nor waiting, and on which no process works."""
        await self.database.write(_shorten)
        return await self._all(leases.c.state.in_([LeaseState.HELD, LeaseState.RELEASED]) & ~_LIVES)

    async def parked(self) -> list[Lease]:
        """Leases of runs that wait for a person."""
        return await self._all(leases.c.state == LeaseState.PARKED)

    async def _by_owner(self, run_id: str, owner: str, **values: object) -> bool:
        return await self.database.write(lambda connection: _change_own(connection, run_id, owner, **values))

    async def _all(self, which: ColumnElement[bool]) -> list[Lease]:
        is_fresh = (_END_OF_LIFE > DATABASE_NOW).label("is_fresh")
        query = select(leases, is_fresh).where(which).order_by(leases.c.expires_at)
        return [_lease(row) for row in await self.database.rows(query)]


async def _shorten(connection: AsyncConnection) -> None:
    """Give leases from before the clock was put back their span from now on: a dead run is not taken for a living one."""
    await connection.execute(leases.update().where(_CLOCK_WAS_PUT_BACK).values(expires_at=DATABASE_NOW + _SPAN))


async def _change_own(connection: AsyncConnection, run_id: str, owner: str, **values: object) -> bool:
    """Change a lease that `owner` holds, and count the time since its last sign of life; False when it is not held."""
    is_own = (leases.c.run_id == run_id) & (leases.c.owner == owner) & (leases.c.state == LeaseState.HELD)
    beat = {"working": leases.c.working + _SINCE_BEAT, "beat_at": DATABASE_NOW}
    changed = await connection.execute(leases.update().where(is_own).values(**beat, **values))
    return changed.rowcount == 1


async def hold_lease(connection: AsyncConnection, run_id: str, owner: str) -> str:
    """Fence: LeaseLost unless `owner` has the lease; keeps others from taking it before the transaction ends.

    Writing is a sign of life, so this renews it too, by the span that it was claimed for. Gives the Mission's id.
    """
    is_own = (leases.c.run_id == run_id) & (leases.c.owner == owner) & (leases.c.state == LeaseState.HELD)
    renewed = leases.update().where(is_own).values(expires_at=DATABASE_NOW + _SPAN).returning(leases.c.mission_id)
    mission_id = (await connection.execute(renewed)).scalar_one_or_none()
    if mission_id is None:
        raise LeaseLost(run_id, owner)
    return mission_id


async def _locked(connection: AsyncConnection, run_id: str, mission_id: str, operation: str) -> RowMapping:
    first = {"state": LeaseState.RELEASED, "owner": "", "seconds": 0, "executions": 0, "expires_at": DATABASE_NOW}
    first |= {"restarts": 0, "beat_at": DATABASE_NOW, "working": timedelta()}
    new = insert(leases).values(run_id=run_id, mission_id=mission_id, operation=operation, **first)
    await connection.execute(new.on_conflict_do_nothing())
    query = select(leases, _LIVES.label("lives")).where(leases.c.run_id == run_id).with_for_update()
    return (await connection.execute(query)).mappings().one()


async def _update(connection: AsyncConnection, run_id: str, **values: object) -> None:
    await connection.execute(leases.update().where(leases.c.run_id == run_id).values(values))


def _in(seconds: int) -> ColumnElement[datetime]:
    return DATABASE_NOW + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _lease(row: RowMapping) -> Lease:
    return Lease(
        run_id=row["run_id"],
        mission_id=row["mission_id"],
        operation=row["operation"],
        state=LeaseState(row["state"]),
        owner=row["owner"],
        expires_at=row["expires_at"],
        executions=row["executions"],
        beat_at=row["beat_at"],
        is_fresh=row["is_fresh"],
    )

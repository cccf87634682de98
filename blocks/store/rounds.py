"""Rounds of Tasks that run after others: ends are counted in their order, each once, and what is due is kept (R2.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, document, from_document
from blocks.store.tables import missions, plans, round_books, rounds, runs
from blueprint.records import RunRecord
from blueprint.rounds import Book, Round, UpstreamEnd, count
from blueprint.values import storable

_AT_ONCE = 500

_LAST_PLACE = select(func.max(runs.c.end_place))

_HAS_DEPENDENTS = cast(plans.c.document, Text).like('%"after": ["%')
"""Not a word of it is parsed: a plan that only speaks of such a thing is looked at for nothing."""


@dataclass(frozen=True, kw_only=True)
class ClosedRound:
    """A round that closed, of which nothing has come yet: neither a run nor the record of why there is none."""

    mission_id: str
    task: str
    round: Round


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """The rounds of all Tasks. Every method is one transaction, and done twice it changes nothing more."""

    database: Database

    async def begin(self, mission_id: str, after: Mapping[str, Sequence[str]]) -> None:
        """From now on these Tasks run after those; what ended before belongs to no round of theirs.

        Tasks that run after the same ones as before go on with what they have counted.
        """

        async def work(connection: AsyncConnection) -> None:
            of_mission = round_books.c.mission_id == mission_id
            await connection.execute(round_books.delete().where(of_mission, round_books.c.task.not_in(list(after))))
            last = await connection.scalar(_LAST_PLACE) or 0
            for task, upstream in after.items():
                await _begin(connection, mission_id, task, Book.begun(upstream, last))

        await self.database.write(work)

    async def last_place(self) -> int:
        """The place of the last end of any run; when it has not changed, there is nothing to count."""

        async def work(connection: AsyncConnection) -> int:
            return await connection.scalar(_LAST_PLACE) or 0

        return await self.database.read(work)

    async def to_count(self, since: int) -> list[str]:
        """Missions with Tasks that run after others, of which runs have ended after the place `since`."""
        has_ended = select(runs.c.id).where(runs.c.mission_id == missions.c.id, runs.c.end_place > since).exists()
        in_force = (plans.c.mission_id == missions.c.id) & (plans.c.version == missions.c.plan_version)
        query = select(missions.c.id).join(plans, in_force).where(_HAS_DEPENDENTS, has_ended)
        return [row["id"] for row in await self.database.rows(query)]

    async def count(self, mission_id: str, task: str) -> bool:
        """Count some ends that the Task's book has not seen, and keep the rounds that close; whether there may be more."""

        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(_book(mission_id, task).with_for_update())).mappings().one_or_none()
            if row is None:
                return False
            book = from_document(Book, row)
            ends = await _ends(connection, mission_id, book)
            counted = count(book, ends)
            await _keep(connection, mission_id, task, counted.book)
            for closed in counted.rounds:
                await _add(connection, mission_id, task, closed)
            return len(ends) == _AT_ONCE

        return await self.database.write(work)

    async def unsettled(self) -> list[ClosedRound]:
        """Rounds of which nothing has come yet, in the order in which they closed."""
        query = select(rounds).where(rounds.c.settled_at.is_(None)).order_by(rounds.c.place, rounds.c.task)
        found = await self.database.rows(query)
        return [ClosedRound(mission_id=row["mission_id"], task=row["task"], round=from_document(Round, row)) for row in found]

    async def settle(self, closed: ClosedRound) -> None:
        """Its run exists in Prefect now, or the record of why there is none."""
        which = (rounds.c.mission_id == closed.mission_id, rounds.c.task == closed.task, rounds.c.id == closed.round.id)
        change = rounds.update().where(*which, rounds.c.settled_at.is_(None)).values(settled_at=DATABASE_NOW)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change)

        await self.database.write(work)

    async def get(self, mission_id: str, task: str, round_id: str) -> Round | None:
        """The round of this id, None when there is none."""
        which = (rounds.c.mission_id == mission_id, rounds.c.task == task, rounds.c.id == storable(round_id))
        row = await self.database.row(select(rounds.c.document).where(*which))
        return None if row is None else from_document(Round, row)


def _book(mission_id: str, task: str) -> Select[Any]:
    return select(round_books.c.document).where(round_books.c.mission_id == mission_id, round_books.c.task == task)


async def _begin(connection: AsyncConnection, mission_id: str, task: str, book: Book) -> None:
    row = (await connection.execute(_book(mission_id, task).with_for_update())).mappings().one_or_none()
    if row is None or from_document(Book, row).after != book.after:
        await _keep(connection, mission_id, task, book)


async def _keep(connection: AsyncConnection, mission_id: str, task: str, book: Book) -> None:
    new = insert(round_books).values(mission_id=mission_id, task=task, document=document(book))
    key = [round_books.c.mission_id, round_books.c.task]
    await connection.execute(new.on_conflict_do_update(index_elements=key, set_={"document": new.excluded.document}))


async def _add(connection: AsyncConnection, mission_id: str, task: str, closed: Round) -> None:
    place = max(end.place for end in closed.ends)
    row = {"mission_id": mission_id, "task": task, "id": closed.id, "place": place, "document": document(closed)}
    await connection.execute(insert(rounds).values(row).on_conflict_do_nothing())


async def _ends(connection: AsyncConnection, mission_id: str, book: Book) -> list[UpstreamEnd]:
    upstream = (runs.c.mission_id == mission_id, runs.c.task.in_(book.after), runs.c.end_place > book.counted)
    query = select(runs.c.end_place, runs.c.document).where(*upstream).order_by(runs.c.end_place).limit(_AT_ONCE)
    return [_end(row["end_place"], from_document(RunRecord, row)) for row in (await connection.execute(query)).mappings()]


def _end(place: int, run: RunRecord) -> UpstreamEnd:
    return UpstreamEnd(place=place, run_id=run.id, task=run.task, state=run.state, started_by=run.started_by)

"""Runs of Tasks in the store: how each stands, what it used, how it ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, Update, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.notices import notify
from blocks.store.queue import leave_queue
from blocks.store.rows import document, from_document
from blocks.store.standing_rules import run_is_over
from blocks.store.tables import END_PLACES, runs
from blueprint.errors import UnknownName
from blueprint.records import RunEnd, RunRecord, RunState, TaskUsage
from blueprint.stream import Usage
from blueprint.values import SHORT, storable

_CANDIDATES = 20

_ONE_END_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('missions.ends', 0))")
"""Until the transaction ends: who sees the place of an end sees all places before it, too."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs. Every method is one transaction; UnknownName when there is no such run."""

    database: Database

    async def start(self, record: RunRecord) -> RunRecord:
        """The record of the run: `record`, or the one that an earlier execution of the same run has made.

        It is no longer in the queue.
        """

        async def work(connection: AsyncConnection) -> RunRecord:
            await connection.execute(insert(runs).values(_row(record)).on_conflict_do_nothing())
            await leave_queue(connection, record.id)
            return await _load(connection, record.id)

        return await self.database.write(work)

    async def get(self, run_id: str) -> RunRecord:
        """The run with exactly this id."""
        return await self.database.read(lambda connection: _load(connection, run_id))

    async def find(self, text: str) -> RunRecord:
        """The run that a person means: by id, by a prefix of it that only one has, or by its short id."""

        async def work(connection: AsyncConnection) -> RunRecord:
            given = storable(text.strip())
            is_meant = (
                or_(runs.c.id.startswith(given, autoescape=True), func.right(runs.c.id, SHORT) == given) if given else false()
            )
            query = select(runs).where(is_meant).order_by(runs.c.started_at.desc())
            found = (await connection.execute(query.limit(_CANDIDATES))).mappings().all()
            if len(found) == 1:
                return from_document(RunRecord, found[0])
            candidates = [f"{row['id']} ({row['task']})" for row in found] or await _latest_ids(connection)
            raise UnknownName("run", text, candidates, ambiguous=bool(found))

        return await self.database.read(work)

    async def list(self, mission_id: str, task: str | None = None, limit: int = 50) -> list[RunRecord]:
        """Runs of a Mission, or of one Task of it, the newest first."""
        query = select(runs.c.document).where(runs.c.mission_id == mission_id)
        if task is not None:
            query = query.where(runs.c.task == task)
        query = query.order_by(runs.c.started_at.desc(), runs.c.id).limit(limit)
        return [from_document(RunRecord, row) for row in await self.database.rows(query)]

    async def until(self, mission_id: str, until: datetime, limit: int = 5_000) -> Sequence[RunRecord]:
        """The last runs of a Mission that began before then, the oldest first."""
        query = select(runs.c.document).where(runs.c.mission_id == mission_id, runs.c.started_at < until)
        query = query.order_by(runs.c.started_at.desc(), runs.c.id).limit(limit)
        return [from_document(RunRecord, row) for row in await self.database.rows(query)][::-1]

    async def used(self, mission_id: str) -> Sequence[TaskUsage]:
        """What each Task of the Mission has used in the runs that are over, by name; their sum is the Mission's (R4.5)."""
        is_over = (runs.c.mission_id == mission_id) & (runs.c.state != RunState.RUNNING)
        query = select(runs.c.task, func.count().label("runs"), *_SUMS).where(is_over)
        found = await self.database.rows(query.group_by(runs.c.task).order_by(runs.c.task))
        return [_task_usage(row) for row in found]

    async def between(
        self, mission_id: str, since: datetime, until: datetime, *, task: str | None = None, state: RunState | None = None
    ) -> Sequence[RunRecord]:
        """Runs of a Mission that started in this span, the oldest first (R6.5)."""
        query = select(runs.c.document).where(
            runs.c.mission_id == mission_id, runs.c.started_at >= since, runs.c.started_at < until
        )
        query = query if task is None else query.where(runs.c.task == task)
        query = query if state is None else query.where(runs.c.state == state)
        found = await self.database.rows(query.order_by(runs.c.started_at, runs.c.id))
        return [from_document(RunRecord, row) for row in found]

    async def recent(self, mission_id: str, task: str, since: datetime, occasion: str = "") -> Sequence[RunRecord]:
        """Runs of the Task that began since then, those that are at work or waiting, and those of the same event or round."""
        is_recent = (runs.c.started_at >= since) | (runs.c.state == RunState.RUNNING)
        if occasion:
            is_recent |= runs.c.occasion == storable(occasion)
        return await self._of_task(mission_id, task, is_recent)

    async def at_work(self, mission_id: str, task: str) -> Sequence[RunRecord]:
        """Runs of the Task that are at work or waiting, the oldest first."""
        return await self._of_task(mission_id, task, runs.c.state == RunState.RUNNING)

    async def replace(self, run_id: str, by: str) -> None:
        """Note, before it is cancelled, that a newer run takes its place."""
        await self.database.write(lambda connection: note_in_record(connection, run_id, replaced_by=by))

    async def previous(self, record: RunRecord) -> RunRecord | None:
        """The run of the same Task that began before this one and was the last to end with a conclusion (R6.1)."""
        query = (
            select(runs.c.document)
            .where(runs.c.mission_id == record.mission_id, runs.c.task == record.task, runs.c.id != record.id)
            .where(runs.c.state != RunState.RUNNING, runs.c.has_conclusion, runs.c.started_at < record.started_at)
            .order_by(runs.c.started_at.desc())
            .limit(1)
        )
        row = await self.database.row(query)
        return None if row is None else from_document(RunRecord, row)

    async def find_started(self, run_id: str) -> RunRecord | None:
        """The run with exactly this id; None when no run of it ever passed the gate."""
        query = select(runs.c.document).where(runs.c.id == storable(run_id))
        row = await self.database.row(query)
        return None if row is None else from_document(RunRecord, row)

    async def finish(self, run_id: str, end: RunEnd) -> RunRecord:
        """End the run. The first end counts: a second one changes nothing and gives the record as it is."""
        ended = {field: getattr(end, field) for field in RunEnd.model_fields} | {"is_waiting": False}

        async def work(connection: AsyncConnection) -> RunRecord:
            run = await _load(connection, run_id, lock=True)
            if run.state is RunState.RUNNING:
                run = run.model_copy(update=ended)
                await connection.execute(_ONE_END_AT_A_TIME)
                await connection.execute(_of(run_id).values(_row(run) | {"end_place": END_PLACES.next_value()}))
            await run_is_over(connection, run_id)
            await notify(connection, run_id=run_id)  # it may be another's turn now
            return run

        return await self.database.write(work)

    async def set_report(self, run_id: str, path: str) -> RunRecord:
        """Where the report's file is, relative to the data directory."""
        return await self._change(run_id, lambda run: run.model_copy(update={"report_path": path}))

    async def _of_task(self, mission_id: str, task: str, which: ColumnElement[bool]) -> Sequence[RunRecord]:
        query = select(runs.c.document).where(runs.c.mission_id == mission_id, runs.c.task == task, which)
        found = await self.database.rows(query.order_by(runs.c.started_at, runs.c.id))
        return [from_document(RunRecord, row) for row in found]

    async def _change(self, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord:
        return await self.database.write(lambda connection: _changed(connection, run_id, change))


_SUMS = [
    func.sum(runs.c.document[("usage", "input_tokens")].as_integer()).label("input_tokens"),
    func.sum(runs.c.document[("usage", "output_tokens")].as_integer()).label("output_tokens"),
    func.sum(runs.c.document[("usage", "cost")].as_float()).label("cost"),
    func.sum(runs.c.document["running_seconds"].as_float()).label("running_seconds"),
]


def _task_usage(row: RowMapping) -> TaskUsage:
    usage = Usage(input_tokens=row["input_tokens"], output_tokens=row["output_tokens"], cost=row["cost"])
    return TaskUsage(task=row["task"], runs=row["runs"], usage=usage, running_seconds=row["running_seconds"])


async def _changed(connection: AsyncConnection, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord:
    run = change(await _load(connection, run_id, lock=True))
    await connection.execute(_of(run_id).values(_row(run)))
    return run


def _of(run_id: str) -> Update:
    return runs.update().where(runs.c.id == run_id)


async def note_in_record(connection: AsyncConnection, run_id: str, **changed: object) -> None:
    """Change fields of the run's record, where there is one that has not ended: not every flow run is a Task's."""
    query = select(runs.c.document).where(runs.c.id == run_id).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is not None and (run := from_document(RunRecord, row)).state is RunState.RUNNING:
        await connection.execute(_of(run_id).values(_row(run.model_copy(update=changed))))


async def _load(connection: AsyncConnection, run_id: str, *, lock: bool = False) -> RunRecord:
    query = select(runs.c.document).where(runs.c.id == storable(run_id))
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise UnknownName("run", run_id, await _latest_ids(connection))
    return from_document(RunRecord, row)


async def _latest_ids(connection: AsyncConnection) -> list[str]:
    latest = select(runs.c.id).order_by(runs.c.started_at.desc()).limit(_CANDIDATES)
    return list(await connection.scalars(latest))


def _row(run: RunRecord) -> dict[str, object]:
    return {
        "id": run.id,
        "mission_id": run.mission_id,
        "task": run.task,
        "state": run.state,
        "started_at": run.started_at,
        "has_conclusion": run.conclusion is not None,
        "occasion": storable(run.event.id if run.event else run.round) or None,
        "document": document(run),
    }

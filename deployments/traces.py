"""Removes from Prefect's own database what its API leaves of a Mission, and looks for what is left (R3.3).

Nothing is deleted here but events, and lines of logs that came when their run was gone already.
Prefect writes them down some seconds after they happened, so it is done until none come.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import httpx
from prefect.client.orchestration import PrefectClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

FLUSH_SECONDS = 5.0
"""So often Prefect's server writes events down, unless it says otherwise."""

_MARGIN_SECONDS = 2.0
LONGEST_SECONDS = 120.0
_POLL_SECONDS = 0.5

_WANTED = "CREATE TEMP TABLE wanted (id text PRIMARY KEY) ON COMMIT DROP"
_FILL = "INSERT INTO wanted SELECT DISTINCT unnest(CAST(:ids AS text[]))"
_GONE = """
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT event_id AS id FROM event_resources WHERE resource_id IN (SELECT id FROM wanted)
UNION SELECT event_id FROM event_resources AS r WHERE position(:mission IN r::text) > 0
UNION SELECT id FROM events AS e WHERE id::text IN (SELECT id FROM wanted) OR position(:mission IN e::text) > 0
"""
_LATE_LINES = """
DELETE FROM log
WHERE flow_run_id IN (SELECT CAST(substring(id FROM 18) AS uuid) FROM wanted WHERE id LIKE 'prefect.flow-run.%')
"""
"""A worker tells of a run's end some seconds later, and deleting a run takes only what was there."""

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


async def is_prefects(url: str, deployment_id: str) -> bool:
    """Whether the database at `url` is that of the Prefect server which has this deployment; False when it does not answer."""
    try:
        async with connected(url) as connection:
            return await _has_deployment(connection, deployment_id)
    except (OSError, DBAPIError):
        return False


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AsyncConnection]:
    """A connection of its own."""
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10, "command_timeout": 120})
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def quiet_seconds(client: PrefectClient) -> float:
    """How long no event may have come until all are written down: twice the time between two flushes of the server, and some."""
    try:
        settings = (await client.request("GET", "/admin/settings")).json()
        flush = float(settings["server"]["services"]["event_persister"]["flush_interval"])
    except (httpx.HTTPError, KeyError, TypeError, ValueError):  # an operator may hide them
        flush = FLUSH_SECONDS
    return 2 * flush + _MARGIN_SECONDS


async def forget_events(connection: AsyncConnection, mission_id: str, traces: Sequence[str], quiet_seconds: float) -> int:
    """Delete all events that tell of these resources, are themselves one of them, or name the Mission, and late log lines of
    its runs; gives how many.

    Comes back when none has come for so long. TimeoutError when they go on coming.
    """
    deleted, quiet_since, give_up = 0, monotonic(), monotonic() + LONGEST_SECONDS
    while monotonic() - quiet_since < quiet_seconds:
        if monotonic() > give_up:
            raise TimeoutError(f"Events of Mission {mission_id!r} went on coming for {LONGEST_SECONDS:.0f} s.")
        if found := await _delete_events(connection, mission_id, traces):
            deleted, quiet_since = deleted + found, monotonic()
        await asyncio.sleep(_POLL_SECONDS)
    return deleted


async def tables_that_name(connection: AsyncConnection, mission_id: str) -> tuple[dict[str, int], int]:
    """In which tables of Prefect's the id stands anywhere in a row, and in how many rows; and how many tables were read."""
    tables = list(await connection.scalars(text(_TABLES)))
    counts = {table: await _rows_that_name(connection, table, mission_id) for table in tables}
    await connection.rollback()
    return {table: count for table, count in counts.items() if count}, len(tables)


async def _rows_that_name(connection: AsyncConnection, table: str, mission_id: str) -> int:
    query = text(f'SELECT count(*) FROM public."{table}" AS t WHERE position(:id IN t::text) > 0')
    return int(await connection.scalar(query, {"id": mission_id}) or 0)


async def _has_deployment(connection: AsyncConnection, deployment_id: str) -> bool:
    there = await connection.scalar(text("SELECT to_regclass('public.deployment') IS NOT NULL"))
    known = text("SELECT count(*) FROM public.deployment WHERE id::text = :id")
    return bool(there and await connection.scalar(known, {"id": deployment_id}))


async def _delete_events(connection: AsyncConnection, mission_id: str, traces: Sequence[str]) -> int:
    async with connection.begin():
        await connection.execute(text("SET LOCAL search_path TO public, pg_temp"))
        await connection.execute(text(_WANTED))
        await connection.execute(text(_FILL), {"ids": list(traces)})
        await connection.execute(text(_GONE), {"mission": mission_id})
        await connection.execute(text("DELETE FROM event_resources WHERE event_id IN (SELECT id FROM gone)"))
        events = (await connection.execute(text("DELETE FROM events WHERE id IN (SELECT id FROM gone)"))).rowcount
        return events + (await connection.execute(text(_LATE_LINES))).rowcount

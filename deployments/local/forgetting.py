"""Makes the embedded PostgreSQL forget what was deleted: old rows, statistics, and the log of changes on disk (R3.3)."""

import asyncio
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'missions')
UNION ALL SELECT 'pg_catalog.pg_statistic'
"""
_ATTEMPTS = 20


async def is_under(url: str, home: Path) -> bool:
    """Whether the database at `url` keeps its files under the data directory `home`, so that they are ours to clean."""
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            folder = str(await connection.scalar(text("SHOW data_directory")))
    except (OSError, DBAPIError):  # another machine's, or not ours to ask
        return False
    finally:
        await engine.dispose()
    return await asyncio.to_thread(_lies_under, Path(folder), home)


def _lies_under(folder: Path, home: Path) -> bool:
    return folder.resolve().is_relative_to(home.resolve())


async def forget_deleted(url: str) -> int:
    """Write every table anew without its deleted rows, then throw the old log segments away; gives how many tables.

    DBAPIError when a table is in use for too long.
    """
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            tables = list(await connection.scalars(text(_TABLES)))
            await connection.execute(text("SET lock_timeout = '2s'"))  # whoever waits behind us waits no longer
            for table in tables:
                await _write_anew(connection, table)
            for _ in range(2):  # the segment before the present one is kept, too
                await connection.execute(text("SELECT pg_switch_wal()"))
                await connection.execute(text("CHECKPOINT"))
            return len(tables)
    finally:
        await engine.dispose()


async def _write_anew(connection: AsyncConnection, table: str) -> None:
    analyze = "" if table.startswith("pg_catalog.") else ", ANALYZE"
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await connection.execute(text(f"VACUUM (FULL{analyze}) {table}"))
            return
        except DBAPIError:  # somebody uses it just now
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(0.2)

"""Finds or starts the PostgreSQL in which Prefect and Missions keep everything (R8.4, R8.5)."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from asyncpg import InterfaceError, PostgresError  # pyright: ignore[reportMissingTypeStubs]
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from blueprint.errors import InvalidInput, Unavailable
from deployments.local.data_directory import closing_descriptor, open_home, try_lock
from deployments.local.postgres import Cluster, cluster_under, prepare, tidy
from deployments.local.process import kept_running

DATABASE = "missions"
_DRIVER = "postgresql+asyncpg"
_ANSWER_SECONDS = 5.0
_START_SECONDS = 60.0  # a crash recovery included
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Database:
    """A PostgreSQL that answers; `url` is SQLAlchemy's, with the password if there is one."""

    url: str = field(repr=False)
    is_embedded: bool


@asynccontextmanager
async def open_database(home: Path, url: str = "") -> AsyncGenerator[Database]:
    """The database at `url`, or the embedded one under `home`, which is stopped in the end by whoever started it.

    Raises InvalidInput for an unusable URL or data directory, Unavailable when the database does not answer.
    """
    if url:
        yield await _given(url)
        return
    cluster = cluster_under(open_home(home))
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with closing_descriptor(try_lock(cluster.lock)) as lock:
            if lock is not None:
                async with _started(cluster, lock) as database:
                    yield database
                return
        # Another process of ours has it: it answers soon, or it is just being stopped and then the lock is free.
        if await _refusal(make_url(cluster.url(DATABASE))) is None:
            yield Database(url=cluster.url(DATABASE), is_embedded=True)
            return
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The database under {str(home)!r} is held by another process but does not answer; see {cluster.log}."
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _given(url: str) -> Database:
    parsed = _asyncpg_url(url)
    if (refusal := await _refusal(parsed)) is not None:
        where = f"{parsed.host or parsed.query.get('host', 'localhost')}, database {parsed.database!r}, user {parsed.username!r}"
        raise Unavailable(
            f"The database of MISSIONS_DATABASE_URL does not answer ({where}): {refusal} Check the URL and that it runs."
        )
    return Database(url=parsed.render_as_string(hide_password=False), is_embedded=False)


def _asyncpg_url(url: str) -> URL:
    """The URL for SQLAlchemy's asyncpg, whichever way PostgreSQL's was written."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput("MISSIONS_DATABASE_URL is no URL; write postgresql://user:password@host:5432/missions.") from None
    if parsed.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise InvalidInput(f"MISSIONS_DATABASE_URL names {parsed.drivername!r}, but Missions needs PostgreSQL: postgresql://…")
    if "sslmode" in parsed.query:  # libpq's word for what asyncpg calls ssl
        parsed = parsed.update_query_dict({"ssl": parsed.query["sslmode"]}).difference_update_query(["sslmode"])
    return parsed.set(drivername=_DRIVER)


@asynccontextmanager
async def _started(cluster: Cluster, lock: int) -> AsyncGenerator[Database]:
    program = await prepare(cluster, lock)
    server = make_url(cluster.url("postgres"))

    async def is_ready() -> bool:
        return await _refusal(server) is None

    try:
        async with kept_running(program, is_ready, _START_SECONDS):
            await _create_database(server)
            yield Database(url=cluster.url(DATABASE), is_embedded=True)
    finally:
        tidy(cluster)


async def _create_database(server: URL) -> None:
    async with _connected(server) as connection:
        names = await connection.scalars(text("SELECT datname FROM pg_database"))
        if DATABASE not in names.all():
            await connection.execute(text(f"CREATE DATABASE {DATABASE}"))


async def _refusal(url: URL) -> str | None:
    """Why the database can't be used, as a sentence; None when it answers."""
    try:
        async with _connected(url) as connection:
            await connection.execute(text("SELECT 1"))
    except (OSError, PostgresError, InterfaceError, DBAPIError, TypeError) as error:
        return f"{str(error) or type(error).__name__}."
    return None


@asynccontextmanager
async def _connected(url: URL) -> AsyncGenerator[AsyncConnection]:
    """A connection of its own, in which each statement is its own transaction."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": _ANSWER_SECONDS})
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()

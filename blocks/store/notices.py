"""Notices between processes: what was written just now, by NOTIFY and LISTEN. A hint to look, never the news itself."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database

CHANNEL = "missions"

_CLOSE_SECONDS = 5.0

_connect = cast("Callable[..., Awaitable[Any]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]


async def notify(connection: AsyncConnection, **notice: str | int) -> None:
    """Tell listeners, once the transaction has happened, for example `run_id=…, sequence=…`. Ids only: 8,000 bytes at most."""
    await connection.execute(
        text("SELECT pg_notify(:channel, :notice)"), {"channel": CHANNEL, "notice": json.dumps(notice, separators=(",", ":"))}
    )


async def listen(database: Database) -> AsyncGenerator[str]:
    """Notices as JSON text, for as long as the iterator is not closed (`contextlib.aclosing`).

    An empty text comes first, and again after each lost connection: from here on nothing is missed, but something may
    have been before, so look. Unavailable when the database stays away.
    """
    while True:
        async with _listening(database) as notices:
            notice: str | None = ""
            while notice is not None:
                yield notice
                notice = await notices.get()


@asynccontextmanager
async def _listening(database: Database) -> AsyncGenerator[asyncio.Queue[str | None]]:
    """A queue of notices that ends with None when the connection is lost."""
    notices: asyncio.Queue[str | None] = asyncio.Queue()

    def received(_connection: Any, _pid: int, _channel: str, notice: str) -> None:
        notices.put_nowait(notice)

    def lost(_connection: Any) -> None:
        notices.put_nowait(None)

    async def connect() -> Any:
        _, arguments = database.engine.dialect.create_connect_args(database.engine.url)
        connection = await _connect(**arguments, timeout=10)
        connection.add_termination_listener(lost)
        await connection.add_listener(CHANNEL, received)
        return connection

    connection = await database.patiently(connect)
    try:
        yield notices
    finally:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.close(timeout=_CLOSE_SECONDS)

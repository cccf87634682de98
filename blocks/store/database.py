"""Transactions on the store's database that survive a lost connection and still happen exactly once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import Executable, RowMapping, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blueprint.errors import Unavailable

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

PATIENCE_SECONDS = 20.0
"""How long a call goes on trying by default: about as long as a killed PostgreSQL needs to be back."""

_AWAY = ("08", "53", "57P")
"""SQLSTATE classes and codes that mean: not now. Connection lost, no resources, shutting down or starting up."""


class Database:
    """An engine, and how long to be patient with it."""

    def __init__(self, engine: AsyncEngine, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.engine = engine
        self._patience = patience_seconds

    async def read(self, work: Work[T]) -> T:
        """What `work` returns; begun anew when the connection is lost. Unavailable when that goes on too long."""

        async def once() -> T:
            async with self.engine.connect() as connection:
                return await work(connection)

        return await self.patiently(once)

    async def rows(self, query: Executable) -> Sequence[RowMapping]:
        """All that `query` finds."""

        async def work(connection: AsyncConnection) -> Sequence[RowMapping]:
            return (await connection.execute(query)).mappings().all()

        return await self.read(work)

    async def row(self, query: Executable) -> RowMapping | None:
        """The only one that `query` finds, None where it finds none."""

        async def work(connection: AsyncConnection) -> RowMapping | None:
            return (await connection.execute(query)).mappings().one_or_none()

        return await self.read(work)

    async def write(self, work: Work[T]) -> T:
        """What `work` returns, in one transaction that happens exactly once. Unavailable when the database stays away.

        A connection that is lost during the commit leaves open whether the commit happened; the database is then asked by
        the transaction's id, and only a transaction that did not happen is begun anew.
        """
        transaction = ""
        result: list[T] = []

        async def once() -> T:
            nonlocal transaction
            if transaction and await self._is_committed(transaction):
                return result[-1]
            transaction = ""
            async with self.engine.begin() as connection:
                result.append(await work(connection))
                transaction = str(await connection.scalar(text("SELECT pg_current_xact_id()::text")))
            return result[-1]

        return await self.patiently(once)

    async def patiently(self, once: Callable[[], Awaitable[T]]) -> T:
        """What `once` returns, called again after growing pauses while the database is away; at the end Unavailable."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._patience, 0.05
        while True:
            try:
                return await once()
            except Exception as error:
                if (reason := _useless(error)) is not None:
                    raise Unavailable(f"The database {self._address} can't be used: {reason}") from error
                if not is_away(error):
                    raise
                if loop.time() + pause > end:
                    raise self._unavailable(error) from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _is_committed(self, transaction: str) -> bool:
        async with self.engine.connect() as connection:
            query = text("SELECT pg_xact_status(CAST(CAST(:id AS text) AS xid8))")
            status = await connection.scalar(query, {"id": transaction})
        if status == "in progress":
            raise ConnectionError(f"transaction {transaction} is still in progress on a lost connection")
        return status == "committed"

    def _unavailable(self, error: Exception) -> Unavailable:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Unavailable(
            f"The database {self._address} does not answer ({cause}); see that PostgreSQL runs and can be reached."
        )

    @property
    def _address(self) -> str:
        url = self.engine.url
        return f"{url.database!r} at {url.host or url.query.get('host') or 'localhost'!s}"


def is_away(error: BaseException) -> bool:
    """Whether `error` says that the database can't be reached just now, so that trying again makes sense."""
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or _sqlstate(error).startswith(_AWAY)


def _useless(error: BaseException) -> str | None:
    """Why trying again can't help with a database that does answer; None when that is not what happened."""
    match _sqlstate(error):
        case "28000" | "28P01":
            return "it refuses the user or the password; correct the URL."
        case "3D000":
            return "there is no database of that name; create it or correct the URL."
        case "42P01" | "3F000":
            return "it has no tables of Missions; 'missions up' makes them."
        case _:
            return None


def _sqlstate(error: BaseException) -> str:
    """PostgreSQL's code for the error, empty when it has none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")

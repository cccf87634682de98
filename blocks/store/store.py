"""The Mission store: everything that is remembered, in one PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from time import monotonic

from prefect_sqlalchemy import AsyncSqlAlchemyConnector  # pyright: ignore[reportMissingTypeStubs]
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blocks.store.audit import Audits
from blocks.store.channel_states import ChannelStates
from blocks.store.conversation import Conversations
from blocks.store.database import PATIENCE_SECONDS, Database
from blocks.store.deletions import Deletions
from blocks.store.deliveries import Deliveries
from blocks.store.events import Events
from blocks.store.fires import Fires
from blocks.store.journal import Journals
from blocks.store.leases import Leases
from blocks.store.messages import Messages
from blocks.store.mission_reports import MissionReports
from blocks.store.missions import Missions
from blocks.store.notices import listen
from blocks.store.planning import PlanningUsage
from blocks.store.plans import Plans
from blocks.store.queue import Queue
from blocks.store.reminders import Reminders
from blocks.store.requests import Requests
from blocks.store.rounds import Rounds
from blocks.store.rows import DATABASE_NOW
from blocks.store.runs import Runs
from blocks.store.standing_rules import StandingRules
from blocks.store.timers import Timers
from blueprint.errors import InvalidInput, Unavailable

_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")
_LOCK_SECONDS = 0.1
"""So often is looked whether a lock is free."""


class Store:
    """All parts of the store on one engine. Each call is a transaction of its own and outlives a lost connection.

    Every call raises Unavailable when the database stays away for longer than `patience_seconds`.
    """

    def __init__(self, engine: AsyncEngine, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        database = Database(engine, patience_seconds)
        self._database = database
        self.missions = Missions(database=database)
        self.plans = Plans(database=database)
        self.planning_usage = PlanningUsage(database=database)
        self.runs = Runs(database=database)
        self.queue = Queue(database=database)
        self.rounds = Rounds(database=database)
        self.timers = Timers(database=database)
        self.leases = Leases(database=database)
        self.journal = Journals(database=database)
        self.requests = Requests(database=database)
        self.standing_rules = StandingRules(database=database)
        self.fires = Fires(database=database)
        self.messages = Messages(database=database)
        self.mission_reports = MissionReports(database=database)
        self.deliveries = Deliveries(database=database)
        self.channel_states = ChannelStates(database=database)
        self.reminders = Reminders(database=database)
        self.conversation = Conversations(database=database)
        self.audit = Audits(database=database)
        self.events = Events(database=database)
        self.deletions = Deletions(database=database)

    @property
    def engine(self) -> AsyncEngine:
        """The engine, for `migrate`."""
        return self._database.engine

    async def now(self) -> datetime:
        """This moment by the database's clock, which deadlines count by."""

        async def work(connection: AsyncConnection) -> datetime:
            return (await connection.execute(select(DATABASE_NOW))).scalar_one()

        return await self._database.read(work)

    def listen(self) -> AsyncGenerator[str]:
        """Notices of what others write, see `notices.listen`; on a connection of its own, to be used beside a slow poll."""
        return listen(self._database)

    @asynccontextmanager
    async def advisory_lock(self, name: str) -> AsyncGenerator[bool]:
        """Whether this process got the lock `name`, without waiting. Another may get it when our connection is lost."""
        key = {"name": f"missions.{name}"}

        async def acquire() -> tuple[AsyncConnection, bool]:
            connection = await self.engine.connect()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return connection, bool(await connection.scalar(_TRY_LOCK, key))

        connection, got = await self._database.patiently(acquire)
        try:
            yield got
        finally:
            with suppress(DBAPIError):  # a lost connection has given the lock back already
                if got:
                    await connection.execute(_UNLOCK, key)
            await connection.close()

    @asynccontextmanager
    async def turn(self, name: str, *, seconds: float, busy: str) -> AsyncGenerator[None]:
        """Inside, this process has the lock `name`; waits for it. Unavailable, saying `busy`, when others keep it for so long."""
        give_up = monotonic() + seconds
        while monotonic() < give_up:
            async with self.advisory_lock(name) as is_ours:
                if is_ours:
                    yield
                    return
            await asyncio.sleep(_LOCK_SECONDS)
        raise Unavailable(busy)


@asynccontextmanager
async def open_store(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> AsyncGenerator[Store]:
    """The store at a SQLAlchemy `url` (`postgresql+asyncpg://…`); connects when first used."""
    engine = _engine(url)
    try:
        yield Store(engine, patience_seconds=patience_seconds)
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    connector = AsyncSqlAlchemyConnector(
        connection_info=_asyncpg_url(url),
        connect_args={"timeout": 10, "command_timeout": 30, "server_settings": {"application_name": "missions"}},
    )
    return connector.get_engine(pool_pre_ping=True, pool_size=4, max_overflow=4, pool_timeout=30)  # pyright: ignore[reportArgumentType]


def _asyncpg_url(url: str) -> str:
    """`url` for the asyncpg driver; InvalidInput, without a word of the URL, which may hold a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        raise InvalidInput(
            "The store's URL is no PostgreSQL URL; write it like 'postgresql+asyncpg://user:password@host:5432/missions'."
        )
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)

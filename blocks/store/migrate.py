"""Brings the store's tables to the form that this version of the code needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blocks.store.database import Database
from blocks.store.tables import SCHEMA
from blueprint.errors import Unavailable

_MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(engine: AsyncEngine) -> None:
    """Run all missing migrations, in one transaction; two at once do no harm, the second waits and finds nothing to do.

    Unavailable when the database does not answer, or holds tables of a newer version.
    """
    await Database(engine).write(_upgrade)


async def _upgrade(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('missions.migrate', 0))"))
    await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    try:
        await connection.run_sync(_run_alembic)
    except CommandError as error:
        raise Unavailable(
            f"The Mission store can't be brought up to date: {error}. If a newer version of Missions made it, use that version."
        ) from error


def _run_alembic(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Migrations of the store."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from blocks.store.migrate import migrate
from blocks.store.store import Store, open_store
from blocks.store.tables import SCHEMA, metadata
from blueprint.errors import Unavailable
from tests.blocks.postgres import Postgres


@pytest.fixture
async def bare(postgres: Postgres) -> AsyncGenerator[Store]:
    """A store on a database without any table."""
    async with open_store(postgres.url) as maintenance, maintenance.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("CREATE DATABASE bare"))
        async with open_store(postgres.url.replace("/missions?", "/bare?")) as store:
            yield store
        await connection.execute(text("DROP DATABASE bare"))


async def test_two_migrations_at_once_from_nothing_give_the_tables_of_the_code(bare: Store) -> None:
    await asyncio.gather(migrate(bare.engine), migrate(bare.engine))
    await migrate(bare.engine)
    async with bare.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_store_of_a_newer_version_is_refused_and_left_alone(bare: Store) -> None:
    await migrate(bare.engine)
    async with bare.engine.begin() as connection:
        await connection.execute(text("UPDATE missions.alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer version"):
        await migrate(bare.engine)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "version_table_schema": SCHEMA,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,  # pyright: ignore
        },
    )
    return list(compare_metadata(context, metadata))

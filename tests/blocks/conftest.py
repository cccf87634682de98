"""One PostgreSQL for all tests of the blocks, and a store in it that is empty for each test."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text

from blocks.store.migrate import migrate
from blocks.store.store import Store, open_store
from blocks.store.tables import metadata
from tests.blocks.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
async def postgres() -> AsyncGenerator[Postgres]:
    """A running PostgreSQL."""
    async with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
async def migrated_url(postgres: Postgres) -> str:
    """The URL of a database with the store's tables."""
    async with open_store(postgres.url) as store:
        await migrate(store.engine)
    return postgres.url


@pytest.fixture
async def store(migrated_url: str) -> AsyncGenerator[Store]:
    """A store without a row."""
    async with open_store(migrated_url, patience_seconds=10) as opened:
        async with opened.engine.begin() as connection:
            tables = ", ".join(table.fullname for table in metadata.sorted_tables)
            await connection.execute(text("SET LOCAL session_replication_role = replica"))  # the audit record refuses it else
            await connection.execute(text(f"TRUNCATE {tables}"))
        yield opened

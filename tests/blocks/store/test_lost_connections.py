"""A connection may be lost at any moment: what was asked happens once, or says that it could not."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.store import Store, open_store
from blueprint.errors import InvalidInput, Unavailable
from blueprint.records import Message
from blueprint.stream import Corrected
from blueprint.values import digest
from tests.blocks.examples import NOW, mission, run
from tests.blocks.postgres import Postgres


@pytest.fixture(autouse=True)
async def _run(store: Store) -> None:
    await store.missions.add(mission())
    await store.runs.start(run())
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)


@pytest.fixture
async def admin(postgres: Postgres) -> AsyncGenerator[AsyncConnection]:
    """A connection that is not the store's."""
    async with open_store(postgres.url) as other, other.engine.connect() as plain:
        yield await plain.execution_options(isolation_level="AUTOCOMMIT")


async def kill_waiting(admin: AsyncConnection, wait_event: str) -> None:
    """Wait until a backend of the store waits for `wait_event`, and end it."""
    waiting = "wait_event = :event AND pid <> pg_backend_pid()"
    kill = text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {waiting}")
    async with asyncio.timeout(30):
        while not (await admin.execute(kill, {"event": wait_event})).scalar_one():
            await asyncio.sleep(0.05)


@pytest.fixture
async def hanging(store: Store, postgres: Postgres, admin: AsyncConnection) -> AsyncGenerator[Store]:
    """The store over connections whose commits are durable but not answered: they wait for a second server."""
    await admin.execute(text("ALTER DATABASE missions SET synchronous_commit = on"))
    async with open_store(postgres.url, patience_seconds=10) as opened:
        yield opened
    await admin.execute(text("ALTER DATABASE missions RESET synchronous_commit"))


async def test_write_whose_commit_was_not_answered_is_not_done_twice(hanging: Store, admin: AsyncConnection) -> None:
    appending = asyncio.create_task(hanging.journal.append("run-1", Corrected(text="once"), "a"))
    await kill_waiting(admin, "SyncRep")
    assert [await appending] == await hanging.journal.read("run-1")
    putting_back = asyncio.create_task(hanging.leases.put_back("run-1", mission_id="hosts", operation="run-task"))
    await kill_waiting(admin, "SyncRep")
    assert await putting_back == 1


async def test_write_that_is_cut_off_before_its_commit_is_done_anew(store: Store, admin: AsyncConnection) -> None:
    async with store.engine.begin() as holder:
        await holder.execute(text("SELECT 1 FROM missions.leases FOR UPDATE"))
        adding = asyncio.create_task(store.leases.put_back("run-1", mission_id="hosts", operation="run-task"))
        await kill_waiting(admin, "transactionid")
    assert await adding == 1


async def test_calls_go_on_after_the_database_crashed_and_came_back(store: Store, postgres: Postgres) -> None:
    await postgres.stop(signal.SIGQUIT)
    calls = [asyncio.create_task(store.journal.append("run-1", Corrected(text=str(number)), "a")) for number in range(5)]
    await postgres.start()
    await asyncio.gather(*calls)
    assert [entry.sequence for entry in await store.journal.read("run-1")] == [1, 2, 3, 4, 5]


async def test_database_that_stays_away_is_an_error_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://postgres:hidden-word@/missions?host={tmp_path}"
    async with open_store(url, patience_seconds=0.1) as store:
        with pytest.raises(Unavailable, match="does not answer") as error:
            await store.missions.list()
    assert "hidden-word" not in str(error.value)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize(("name", "reason"), [("nowhere", "no database of that name"), ("postgres", "no tables")])
async def test_database_that_is_the_wrong_one_is_an_error_at_once(postgres: Postgres, name: str, reason: str) -> None:
    async with open_store(postgres.url.replace("/missions?", f"/{name}?")) as store:
        with pytest.raises(Unavailable, match=reason):
            await store.missions.list()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///hidden-word", "hidden-word", ""])
async def test_url_of_no_postgresql_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidInput, match="no PostgreSQL URL") as error:
        async with open_store(url):
            pass
    assert "hidden-word" not in str(error.value)


async def test_listener_hears_what_is_written_and_comes_back_after_a_lost_connection(
    store: Store, admin: AsyncConnection
) -> None:
    async with asyncio.timeout(20), aclosing(store.listen()) as notices:
        assert await anext(notices) == ""
        await store.journal.append("run-1", Corrected(text="x"), "a")
        assert await anext(notices) == '{"run_id":"run-1","sequence":1}'
        await admin.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'LISTEN%'")
        )
        assert await anext(notices) == ""
        await store.messages.add(Message(id="m1", mission_id="hosts", event="report", title="t", body="b", at=NOW))
        assert await anext(notices) == f'{{"message":"{digest("m1")[:16]}"}}'


async def test_advisory_lock_is_had_by_one_at_a_time(store: Store) -> None:
    async with store.advisory_lock("reconciler") as first:
        async with store.advisory_lock("reconciler") as second, store.advisory_lock("another") as other:
            assert (first, second, other) == (True, False, True)
    async with store.advisory_lock("reconciler") as third:
        assert third


async def test_advisory_lock_of_a_lost_connection_is_free_and_its_holder_ends_quietly(store: Store, postgres: Postgres) -> None:
    async with store.advisory_lock("reconciler") as first:
        assert first
        await postgres.stop(signal.SIGQUIT)
        await postgres.start()
        async with store.advisory_lock("reconciler") as second:
            assert second

"""Leases: one process at a time, by the database's clock."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.errors import LeaseLost
from blueprint.policy import Rule
from tests.blocks.examples import intended, mission, run


async def claim(store: Store, owner: str, *, run_id: str = "run-1") -> int | None:
    return await store.leases.claim(run_id, mission_id="hosts", operation="run_task", owner=owner, seconds=30)


async def let_expire(store: Store) -> None:
    """All leases run out, and the database has been up for long."""
    async with store.engine.begin() as connection:
        await connection.execute(text("UPDATE missions.leases SET expires_at = now() - interval '1 second', seconds = 0"))


async def dead(store: Store) -> list[str]:
    return [lease.run_id for lease in await store.leases.dead()]


async def test_of_many_claims_at_once_exactly_one_gets_the_lease(store: Store) -> None:
    got = await asyncio.gather(*(claim(store, f"owner-{number}") for number in range(8)))
    assert sorted(str(number) for number in got) == ["1"] + ["None"] * 7


async def test_own_lease_is_claimed_again_without_a_new_execution(store: Store) -> None:
    assert [await claim(store, "a"), await claim(store, "a"), await claim(store, "b")] == [1, 1, None]


async def test_expired_lease_is_dead_until_its_owner_renews_it(store: Store) -> None:
    await claim(store, "a")
    assert await dead(store) == []
    await let_expire(store)
    assert await dead(store) == ["run-1"]
    assert await store.leases.renew("run-1", "a", 30)
    assert await dead(store) == []


async def test_taken_over_lease_is_lost_for_its_first_owner_and_nothing_more_is_written(store: Store) -> None:
    await claim(store, "a")
    await let_expire(store)
    assert await claim(store, "b") == 2
    assert not await store.leases.renew("run-1", "a", 30)
    assert not await store.leases.release("run-1", "a")
    with pytest.raises(LeaseLost, match="'a' no longer holds run 'run-1'"):
        await store.journal.append("run-1", intended(rule=Rule.AUTO), "a")
    assert await store.journal.read("run-1") == []
    assert (await store.journal.append("run-1", intended(rule=Rule.AUTO), "b")).sequence == 1


async def test_writing_keeps_an_expired_lease_that_nobody_took(store: Store) -> None:
    await claim(store, "a")
    async with store.engine.begin() as connection:
        await connection.execute(text("UPDATE missions.leases SET expires_at = now() - interval '1 second'"))
    await store.journal.append("run-1", intended(rule=Rule.AUTO), "a")
    assert await dead(store) == []
    assert await claim(store, "b") is None


async def test_nobody_is_dead_right_after_the_database_was_away(store: Store) -> None:
    await claim(store, "a")
    async with store.engine.begin() as connection:
        await connection.execute(
            text("UPDATE missions.leases SET expires_at = pg_postmaster_start_time() - interval '1 hour', seconds = 86400")
        )
    assert await dead(store) == []
    assert await claim(store, "b") is None


async def test_released_run_is_dead_and_free_at_once(store: Store) -> None:
    await claim(store, "a")
    assert await store.leases.release("run-1", "a")
    assert await dead(store) == ["run-1"]
    assert await claim(store, "b") == 2


async def test_parked_run_waits_without_a_lease_and_the_answer_starts_its_next_execution(store: Store) -> None:
    await claim(store, "a")
    assert await store.leases.park("run-1", "a")
    await let_expire(store)
    assert await dead(store) == []
    [parked] = await store.leases.parked()
    assert (parked.run_id, parked.mission_id, parked.operation, parked.executions) == ("run-1", "hosts", "run_task", 1)
    assert await claim(store, "b") == 2
    assert await store.leases.parked() == []


async def test_ended_run_is_never_claimed_again(store: Store) -> None:
    await claim(store, "a")
    await store.leases.end("run-1")
    assert await claim(store, "a") is None
    assert await dead(store) == []
    with pytest.raises(LeaseLost):
        await store.journal.append("run-1", intended(rule=Rule.AUTO), "a")
    lease = await store.leases.get("run-1")
    assert lease is not None
    assert lease.state is LeaseState.ENDED
    assert await store.leases.get("run-2") is None


async def test_record_of_the_run_shows_how_many_processes_have_worked_on_it(store: Store) -> None:
    await store.missions.add(mission())
    await claim(store, "a")
    await store.runs.start(run())
    await store.leases.release("run-1", "a")
    await claim(store, "b")
    assert (await store.runs.get("run-1")).executions == 2


async def test_waiting_shows_in_the_record_until_the_next_execution(store: Store) -> None:
    await store.missions.add(mission())
    await store.runs.start(run())
    await claim(store, "a")
    await store.leases.park("run-1", "a")
    assert (await store.runs.get("run-1")).is_waiting
    await claim(store, "b")
    waited = await store.runs.get("run-1")
    assert (waited.is_waiting, waited.executions) == (False, 2)


async def test_only_time_at_work_counts_and_no_more_than_a_lease_after_the_last_sign_of_life(store: Store) -> None:
    await claim(store, "a")
    await _beat_ago(store, "10 seconds")
    await store.leases.park("run-1", "a")
    await _beat_ago(store, "1 hour")
    await claim(store, "b")
    await _beat_ago(store, "1 hour")
    await store.leases.renew("run-1", "b", 30)
    assert await store.leases.working_seconds("run-1") == pytest.approx(10 + 30, abs=2)  # pyright: ignore[reportUnknownMemberType]
    assert await store.leases.working_seconds("unknown") == 0


async def test_a_clock_that_is_put_back_takes_nothing_from_the_time_at_work(store: Store) -> None:
    await claim(store, "a")
    await _beat_ago(store, "10 seconds")
    await store.leases.renew("run-1", "a", 30)
    await _beat_ago(store, "-1 hour")
    await store.leases.renew("run-1", "a", 30)
    assert await store.leases.working_seconds("run-1") == pytest.approx(10, abs=2)  # pyright: ignore[reportUnknownMemberType]


async def test_a_dead_run_is_found_within_its_lease_also_when_the_clock_is_put_back_an_hour(store: Store) -> None:
    await claim(store, "a")
    async with store.engine.begin() as connection:
        await connection.execute(text("UPDATE missions.leases SET expires_at = expires_at + interval '1 hour'"))
    assert await store.leases.dead() == []
    lease = await store.leases.get("run-1")
    assert lease is not None
    left = lease.expires_at - await store.now()
    assert timedelta() < left <= timedelta(seconds=30)


async def test_run_whose_process_died_is_free_at_once_and_the_deaths_are_counted(store: Store) -> None:
    await claim(store, "a")
    for deaths in (1, 2):
        assert await store.leases.put_back("run-1", mission_id="hosts", operation="run_task") == deaths
    assert await claim(store, "b") == 2
    assert await store.leases.put_back("never-claimed", mission_id="hosts", operation="run_task") == 1


async def _beat_ago(store: Store, interval: str) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(text(f"UPDATE missions.leases SET beat_at = now() - interval '{interval}'"))

"""The queue: fires of busy Tasks, in the order in which they came."""

from collections.abc import Awaitable, Callable

import pytest

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.records import FireRecord, QueuedFire, StartedBy
from tests.blocks.examples import NOW, mission, run


@pytest.fixture(autouse=True)
async def _hosts(store: Store) -> None:
    await store.missions.add(mission())


def _fire(number: int, task: str = "disk") -> QueuedFire:
    return QueuedFire(
        run_id=f"run-{number}", mission_id="hosts", task=task, started_by=StartedBy.EVENT, scheduled_for=NOW, at=NOW
    )


async def test_the_first_to_come_is_the_first_however_often_it_comes(store: Store) -> None:
    for number in (2, 1, 2, 3):
        await store.queue.join(_fire(number))
    await store.queue.join(_fire(4, "mail"))
    assert await store.queue.of_task("hosts", "disk") == [_fire(2), _fire(1), _fire(3)]
    assert await store.queue.of_task("hosts", "mail") == [_fire(4, "mail")]
    assert len(await store.queue.all()) == 4


async def _begins(store: Store) -> None:
    await store.runs.start(run("run-1"))


async def _is_refused(store: Store) -> None:
    await store.fires.add(FireRecord(mission_id="hosts", task="disk", run_id="run-1", scheduled_for=NOW, at=NOW, reason="No."))


async def _leaves(store: Store) -> None:
    await store.queue.leave(["run-1", "unknown"])


@pytest.mark.parametrize("how", [_begins, _is_refused, _leaves])
async def test_what_begins_is_refused_or_leaves_is_in_the_queue_no_longer(
    store: Store, how: Callable[[Store], Awaitable[None]]
) -> None:
    await store.queue.join(_fire(1))
    await store.queue.join(_fire(2))
    await how(store)
    assert await store.queue.all() == [_fire(2)]


async def test_a_run_that_waits_for_its_turn_is_neither_dead_nor_waits_for_a_person_and_goes_on_when_called(store: Store) -> None:
    await store.leases.claim("run-1", mission_id="hosts", operation="run-task", owner="a", seconds=30)
    assert not await store.leases.queue("run-1", "b")
    assert await store.leases.queue("run-1", "a")
    lease = await store.leases.get("run-1")
    assert lease is not None
    assert lease.state is LeaseState.QUEUED
    assert await store.leases.dead() == await store.leases.parked() == []
    assert await store.leases.claim("run-1", mission_id="hosts", operation="run-task", owner="b", seconds=30) == 2

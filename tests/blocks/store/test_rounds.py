"""Rounds in the store: every end counts once, in its order, whoever looks and however often (R2.6)."""

import asyncio

import pytest

from blocks.store.store import Store
from blueprint.plan import Blueprint, Task
from blueprint.records import RunEnd, RunState
from blueprint.triggers import Manual
from tests.blocks.examples import NOW, mission, run

AFTER = {"c": ("a", "b")}


def _plan(**after: tuple[str, ...]) -> Blueprint:
    tasks = [Task(name=name, title=name, instructions="Look.", trigger=Manual(), after=after.get(name, ())) for name in "abc"]
    return Blueprint(title="Hosts", goal="Look.", tasks=tuple(tasks))


@pytest.fixture(autouse=True)
async def _hosts(store: Store) -> None:
    await store.missions.add(mission())
    await _put_in_force(store, _plan(**AFTER))


async def _put_in_force(store: Store, plan: Blueprint) -> None:
    version = await store.plans.add("hosts", plan, NOW)
    await store.missions.set_plan_in_force("hosts", version, plan.digest, NOW)
    await store.rounds.begin("hosts", plan.dependents)


async def _end(store: Store, *tasks: str, state: RunState = RunState.SUCCESS) -> None:
    """A run of each Task, called after it and its number, begins and ends."""
    for task in tasks:
        name = f"{task}{len(await store.runs.list('hosts', task)) + 1}"
        await store.runs.start(run(name, task))
        await store.runs.finish(name, RunEnd(state=state, ended_at=NOW))


async def _closed(store: Store) -> list[list[str]]:
    return [[end.run_id for end in one.round.ends] for one in await store.rounds.unsettled()]


async def test_a_round_that_closed_is_there_once_until_it_is_settled_and_can_be_read_after(store: Store) -> None:
    await _end(store, "a", "b")
    await asyncio.gather(*[store.rounds.count("hosts", "c") for _ in range(4)])
    [closed] = await store.rounds.unsettled()
    await store.rounds.settle(closed)
    await store.rounds.settle(closed)
    await store.rounds.count("hosts", "c")
    assert await store.rounds.unsettled() == []
    assert await store.rounds.get("hosts", "c", closed.round.id) == closed.round
    assert await store.rounds.get("hosts", "a", closed.round.id) is None


async def test_ends_have_the_order_in_which_they_were_recorded_also_when_many_come_at_once(store: Store) -> None:
    for number in range(20):
        await store.runs.start(run(f"run-{number}", "ab"[number % 2]))
    end = RunEnd(state=RunState.SUCCESS, ended_at=NOW)
    await asyncio.gather(*[store.runs.finish(f"run-{number}", end) for number in range(20)])
    place = await store.rounds.last_place()
    await store.runs.finish("run-0", RunEnd(state=RunState.FAILED, ended_at=NOW))
    await store.rounds.count("hosts", "c")
    rounds = await store.rounds.unsettled()
    places = sorted(end.place for one in rounds for end in one.round.ends)
    assert await store.rounds.last_place() == place, "a second end is none"
    assert len(set(places)) == len(places) == 2 * len(rounds) > 0
    assert all(end.is_success for one in rounds for end in one.round.ends)


async def test_ends_are_counted_over_several_looks_and_all_of_a_long_downtime(store: Store) -> None:
    await _end(store, "a")
    await store.rounds.count("hosts", "c")
    assert await _closed(store) == []
    await _end(store, "b", "a", "a", "b")
    await store.rounds.count("hosts", "c")
    assert await _closed(store) == [["a1", "b1"], ["a3", "b2"]]


async def test_only_missions_with_dependent_tasks_and_new_ends_are_to_be_counted(store: Store) -> None:
    await store.missions.add(mission("mail", "Mail"))
    before = await store.rounds.last_place()
    await _end(store, "a")
    assert await store.rounds.last_place() > before
    assert await store.rounds.to_count(before) == ["hosts"]
    assert await store.rounds.to_count(await store.rounds.last_place()) == []
    await _put_in_force(store, _plan())
    assert await store.rounds.to_count(before) == []


async def test_a_plan_with_the_same_dependencies_goes_on_with_its_rounds(store: Store) -> None:
    await _end(store, "a")
    await store.rounds.begin("hosts", {"c": ("b", "a")})
    await _end(store, "b")
    await store.rounds.count("hosts", "c")
    assert await _closed(store) == [["a1", "b1"]]


async def test_a_plan_with_other_dependencies_begins_anew_and_so_does_one_that_takes_them_back(store: Store) -> None:
    await _end(store, "a", "b", "a")
    await store.rounds.begin("hosts", {"c": ("a",)})
    await store.rounds.count("hosts", "c")
    assert await _closed(store) == []
    await store.rounds.begin("hosts", {})
    assert not await store.rounds.count("hosts", "c")
    await store.rounds.begin("hosts", AFTER)
    await _end(store, "b")
    await store.rounds.count("hosts", "c")
    assert await _closed(store) == []

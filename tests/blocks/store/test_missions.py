"""Missions and plans in the store."""

from datetime import timedelta

import pytest

from blocks.store.store import Store
from blueprint.errors import ForbiddenTransition, InvalidInput, UnknownName
from blueprint.mission import MissionState
from blueprint.records import FireRecord, RunEnd, RunState
from tests.blocks.examples import NOW, mission, plan, run

LATER = NOW + timedelta(hours=1)


async def test_mission_comes_back_as_it_was_added(store: Store) -> None:
    added = mission(title="Odd \0 \ud800 'title' % _ 主机")
    await store.missions.add(added)
    assert await store.missions.get("hosts") == added


async def test_adding_the_same_mission_again_changes_nothing_and_another_with_its_id_is_refused(store: Store) -> None:
    await store.missions.add(mission())
    await store.missions.add(mission())
    with pytest.raises(InvalidInput, match="already"):
        await store.missions.add(mission(title="Another"))
    assert await store.missions.list() == [mission()]


async def test_mission_goes_from_state_to_state_as_it_may_and_no_other_way(store: Store) -> None:
    await store.missions.add(mission())
    with pytest.raises(ForbiddenTransition, match="Draft and can't become Paused"):
        await store.missions.set_state("hosts", MissionState.PAUSED, LATER)
    assert await store.missions.get("hosts") == mission()
    active = await store.missions.set_state("hosts", MissionState.ACTIVE, LATER)
    assert (active.state, active.active_at) == (MissionState.ACTIVE, LATER)
    assert await store.missions.get("hosts") == active


async def test_mission_is_found_by_id_prefix_and_title(store: Store) -> None:
    for name, title in (("hosts", "All hosts"), ("hosts-eu", "Hosts in Europe"), ("mail", "Mail")):
        await store.missions.add(mission(name, title))
    found = {given: (await store.missions.find(given)).id for given in ("hosts", "hosts-", "m", "all HOSTS", " mail ")}
    assert found == {"hosts": "hosts", "hosts-": "hosts-eu", "m": "mail", "all HOSTS": "hosts", " mail ": "mail"}


async def test_unknown_or_ambiguous_mission_is_an_error_that_lists_candidates(store: Store) -> None:
    for name in ("hosts", "hosts-eu", "mail"):
        await store.missions.add(mission(name, name.title()))
    with pytest.raises(UnknownName) as ambiguous:
        await store.missions.find("ho")
    assert ambiguous.value.ambiguous
    assert set(ambiguous.value.candidates) == {"hosts (Hosts)", "hosts-eu (Hosts-Eu)"}
    for given in ("nothing", "%", "", "a\0b\ud800"):
        with pytest.raises(UnknownName) as unknown:
            await store.missions.find(given)
        assert (unknown.value.ambiguous, set(unknown.value.candidates)) == (False, {"hosts", "hosts-eu", "mail"})


async def test_list_sorts_by_last_activity_and_searches_titles_and_tasks_of_the_plan_in_force(store: Store) -> None:
    await store.missions.add(mission("hosts", "Hosts"))
    await store.missions.add(mission("mail", "Mail"))
    first = await store.plans.add("mail", plan(task_title="Count 100% of the queue"), NOW)
    await store.plans.add("mail", plan(task_title="Something newer"), NOW)
    await store.missions.set_plan_in_force("mail", first, "digest", LATER)
    assert [found.id for found in await store.missions.list()] == ["mail", "hosts"]
    hits = {text: [found.id for found in await store.missions.list(search=text)] for text in ("HOST", "100%", "newer", "_")}
    assert hits == {"HOST": ["hosts"], "100%": ["mail"], "newer": [], "_": []}
    assert await store.missions.list(state=MissionState.ACTIVE) == []


async def test_describe_and_touch_move_the_mission_to_the_top_and_never_back_in_time(store: Store) -> None:
    await store.missions.add(mission())
    await store.missions.describe("hosts", title="New", timezone="Europe/Berlin", now=LATER)
    await store.missions.touch("hosts", NOW)
    assert await store.missions.get("hosts") == mission(title="New").model_copy(
        update={"active_at": LATER, "timezone": "Europe/Berlin"}
    )


async def test_equal_plan_keeps_its_version_and_a_changed_one_gets_the_next(store: Store) -> None:
    await store.missions.add(mission())
    assert await store.plans.latest("hosts") is None
    assert [await store.plans.add("hosts", each, NOW) for each in (plan(), plan(), plan("Other"), plan())] == [1, 1, 2, 3]
    assert await store.plans.latest("hosts") == (3, plan())
    assert await store.plans.get("hosts", 2) == plan("Other")
    with pytest.raises(UnknownName, match="available: 1, 2, 3"):
        await store.plans.get("hosts", 4)


async def test_confirmation_counts_only_for_the_digest_that_was_shown_and_only_once(store: Store) -> None:
    await store.missions.add(mission())
    await store.plans.add("hosts", plan(), NOW)
    with pytest.raises(InvalidInput, match="is not version 1"):
        await store.plans.confirm("hosts", 1, plan("Other").digest, "alice", NOW)
    await store.plans.confirm("hosts", 1, plan().digest, "alice", NOW)
    await store.plans.confirm("hosts", 1, plan().digest, "bob", LATER)
    [version] = await store.plans.history("hosts")
    assert (version.version, version.title, version.confirmed_by, version.confirmed_at) == (1, "Hosts", "alice", NOW)


async def test_plan_of_an_unknown_mission_is_refused(store: Store) -> None:
    with pytest.raises(UnknownName, match="There is no Mission 'hosts'; available: none yet"):
        await store.plans.add("hosts", plan(), NOW)


async def test_missions_are_listed_in_pages_and_counted_by_state(store: Store) -> None:
    for minute in range(5):
        await store.missions.add(mission(f"m{minute}").model_copy(update={"active_at": NOW + timedelta(minutes=minute)}))
    await store.missions.set_state("m0", MissionState.ACTIVE, NOW)
    pages = [[one.id for one in await store.missions.list(limit=2, offset=offset)] for offset in (0, 2, 4, 6)]
    assert pages == [["m4", "m3"], ["m2", "m1"], ["m0"], []]
    assert await store.missions.count() == {MissionState.DRAFT: 4, MissionState.ACTIVE: 1}


async def test_the_mark_of_a_launched_mission_changes_with_its_records(store: Store) -> None:
    await store.missions.add(mission())
    assert await store.missions.marks(limit=10) == {}
    version = await store.plans.add("hosts", plan(), NOW)
    await store.missions.set_plan_in_force("hosts", version, plan().digest, NOW)
    seen = [await store.missions.marks(limit=10)]
    await store.runs.start(run())
    await store.runs.finish("run-1", RunEnd(state=RunState.SUCCESS, ended_at=NOW))
    seen.append(await store.missions.marks(limit=10))
    await store.fires.add(FireRecord(mission_id="hosts", task="disk", run_id="f", scheduled_for=NOW, at=NOW, reason="Busy."))
    seen.append(await store.missions.marks(limit=10))
    assert [list(marks) for marks in seen] == [["hosts"]] * 3
    assert len({marks["hosts"] for marks in seen}) == 3

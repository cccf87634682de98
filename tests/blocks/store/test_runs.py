"""Runs in the store."""

from datetime import timedelta

import pytest

from blocks.store.store import Store
from blueprint.errors import UnknownName
from blueprint.occasion import EventGiven
from blueprint.records import RunEnd, RunRecord, RunState
from blueprint.stream import Conclusion, Usage
from tests.blocks.examples import NOW, mission, run

FOUND = Conclusion(summary="All is well.")
END = NOW + timedelta(minutes=30)


def _end(
    *,
    state: RunState = RunState.SUCCESS,
    reason: str = "",
    conclusion: Conclusion | None = None,
    usage: Usage | None = None,
    running_seconds: float = 0,
) -> RunEnd:
    return RunEnd(
        state=state,
        reason=reason,
        conclusion=conclusion,
        usage=usage or Usage(),
        running_seconds=running_seconds,
        ended_at=END,
    )


@pytest.fixture(autouse=True)
async def _hosts(store: Store) -> None:
    await store.missions.add(mission())


async def test_run_that_starts_again_keeps_its_first_record(store: Store) -> None:
    assert await store.runs.start(run()) == run()
    assert await store.runs.start(run(minutes=5)) == run()
    assert await store.runs.get("run-1") == run()


async def test_first_end_of_a_run_counts_and_a_second_one_changes_nothing(store: Store) -> None:
    await store.runs.start(run())
    usage = Usage(input_tokens=20, output_tokens=2, cost=1)
    ended = await store.runs.finish("run-1", _end(conclusion=FOUND, usage=usage, running_seconds=2.5))
    assert ended == run().model_copy(
        update={
            "state": RunState.SUCCESS,
            "conclusion": FOUND,
            "usage": usage,
            "running_seconds": 2.5,
            "ended_at": END,
        }
    )
    assert await store.runs.finish("run-1", _end(state=RunState.FAILED, reason="too late")) == ended
    assert await store.runs.find_started("run-1") == ended
    assert await store.runs.find_started("run-2") is None


async def test_report_is_found_again(store: Store) -> None:
    await store.runs.start(run())
    await store.runs.set_report("run-1", "missions/hosts/report.md")
    assert (await store.runs.get("run-1")).report_path == "missions/hosts/report.md"


async def test_run_is_found_by_a_prefix_that_only_one_has(store: Store) -> None:
    for name in ("abc-1", "abc-2", "xyz"):
        await store.runs.start(run(name))
    assert (await store.runs.find("abc-2")).id == "abc-2"
    assert (await store.runs.find("x")).id == "xyz"
    with pytest.raises(UnknownName, match=r"'abc' fits more than one run; candidates: abc-1 \(disk\), abc-2 \(disk\)"):
        await store.runs.find("abc")
    with pytest.raises(UnknownName, match="There is no run ''"):
        await store.runs.find("")


async def test_list_is_newest_first_and_what_is_at_work_oldest_first(store: Store) -> None:
    for minute, task in enumerate(("disk", "mail", "disk")):
        await store.runs.start(run(f"run-{minute}", task, minutes=minute))
    assert [each.id for each in await store.runs.list("hosts")] == ["run-2", "run-1", "run-0"]
    assert [each.id for each in await store.runs.list("hosts", task="disk", limit=1)] == ["run-2"]
    assert [each.id for each in await store.runs.at_work("hosts", "disk")] == ["run-0", "run-2"]
    await store.runs.finish("run-2", _end(state=RunState.FAILED))
    assert [each.id for each in await store.runs.at_work("hosts", "disk")] == ["run-0"]


async def test_recent_are_those_that_began_since_those_at_work_and_those_of_the_same_event(store: Store) -> None:
    for minute in range(5):
        event = EventGiven(id=f"e-{minute}", name="alert")
        await store.runs.start(run(f"run-{minute}", minutes=minute).model_copy(update={"event": event}))
        if minute != 1:
            await store.runs.finish(f"run-{minute}", _end())
    since = NOW + timedelta(minutes=3)
    assert [each.id for each in await store.runs.recent("hosts", "disk", since)] == ["run-1", "run-3", "run-4"]
    assert [each.id for each in await store.runs.recent("hosts", "disk", END, "e-0")] == ["run-0", "run-1"]
    assert await store.runs.recent("hosts", "mail", NOW) == []


async def test_previous_run_is_the_last_earlier_one_of_the_task_with_a_conclusion(store: Store) -> None:
    async def ended(name: str, task: str, minutes: int, conclusion: Conclusion | None) -> RunRecord:
        await store.runs.start(run(name, task, minutes=minutes))
        return await store.runs.finish(name, _end(conclusion=conclusion))

    await ended("old", "disk", 0, FOUND)
    wanted = await ended("wanted", "disk", 1, FOUND)
    await ended("without", "disk", 2, None)
    await ended("other-task", "mail", 3, FOUND)
    present = await store.runs.start(run("present", minutes=4))
    await ended("later", "disk", 5, FOUND)
    assert await store.runs.previous(present) == wanted
    assert await store.runs.previous(await store.runs.get("old")) is None


async def test_what_a_mission_has_used_is_summed_by_task_over_the_runs_that_are_over(store: Store) -> None:
    for number, task in enumerate(["disk", "disk", "logs", "logs"]):
        await store.runs.start(run(f"run-{number}", task))
        if number < 3:
            usage = Usage(input_tokens=100 * (number + 1), output_tokens=10, cost=0.25)
            await store.runs.finish(f"run-{number}", _end(usage=usage, running_seconds=30))
    assert [(one.task, one.runs, one.usage, one.running_seconds) for one in await store.runs.used("hosts")] == [
        ("disk", 2, Usage(input_tokens=300, output_tokens=20, cost=0.5), 60),
        ("logs", 1, Usage(input_tokens=300, output_tokens=10, cost=0.25), 30),
    ]
    assert await store.runs.used("nothing") == []


async def test_what_planning_has_used_is_summed_beside_the_runs(store: Store) -> None:
    for cost in (0.25, 0.5):
        await store.planning_usage.add("hosts", Usage(input_tokens=1_000, output_tokens=10, cost=cost))
    assert await store.planning_usage.of("hosts") == Usage(input_tokens=2_000, output_tokens=20, cost=0.75)
    assert await store.planning_usage.of("nothing") == Usage()

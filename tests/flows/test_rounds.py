"""A diamond of Tasks in Prefect: C after A and B, D after C; a failed upstream stops the branch until it is run again (R2.6)."""

import asyncio
import json
from typing import Any

from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.records import FireRecord, Refusal, RunRecord, RunState, StartedBy
from blueprint.stream import Briefed
from tests.fakes.installation import RUN_SECONDS, Installation, task
from tests.fakes.model_server import Turn, answering_model, calls, fails

PLAN = (task("a"), task("b"), task("c", after=("a", "b")), task("d", after=("c",)))


class Model:
    """Concludes each Task with its name; refuses B for as long as it is broken."""

    is_broken = True

    def answer(self, body: dict[str, Any]) -> Turn:
        """The whole work of a run is one conclusion."""
        told = json.dumps(body["messages"])
        name = next(one.name for one in PLAN if f"# Task: {one.name}" in told)
        if name == "b" and self.is_broken:
            return fails(401)
        return calls(("conclude", {"summary": f"Report of {name}.", "findings": []}))


async def test_a_diamond_runs_each_task_once_a_round_and_a_failed_one_stops_it_until_it_is_run_again(
    installation: Installation,
) -> None:
    model = Model()
    async with answering_model(model.answer) as url, installation.store() as store:
        mission = await installation.launch(*PLAN, employee=await installation.employ(model_url=url))
        first = [await installation.ended(await installation.start(mission, name)) for name in ("a", "b")]
        [stopped] = await _fires(store, mission)
        model.is_broken = False
        again = await installation.ended(await installation.start(mission, "b"))
        c, d = [await _run_of(installation, store, mission, name) for name in ("c", "d")]
        runs = await store.runs.list(mission.id)
        told = [await _told(store, run) for run in (c, d)]
    assert [run.state for run in (*first, again, c, d)] == [RunState.SUCCESS, RunState.FAILED, *[RunState.SUCCESS] * 3]
    assert (stopped.task, stopped.refusal) == ("c", Refusal.UPSTREAM)
    assert stopped.reason == f"Task 'c' runs after a and b: run {first[1].id} of 'b' ended with Failed."
    assert sorted(run.task for run in runs) == ["a", "b", "b", "c", "d"]
    assert {run.started_by for run in (c, d)} == {StartedBy.DEPENDENCY}
    assert ("Report of a." in told[0], "Report of b." in told[0]) == (True, True)
    assert ("Report of c." in told[1], "Report of a." in told[1]) == (True, False)


async def _fires(store: Store, mission: Mission) -> list[FireRecord]:
    async with asyncio.timeout(RUN_SECONDS):
        while not (found := await store.fires.list(mission.id)):
            await asyncio.sleep(0.1)
    return found


async def _run_of(here: Installation, store: Store, mission: Mission, name: str) -> RunRecord:
    """The one run of a Task that nobody starts by hand, once it has ended."""
    async with asyncio.timeout(RUN_SECONDS):
        while not (runs := await store.runs.list(mission.id, name)):
            await asyncio.sleep(0.1)
    [run] = runs
    return await here.ended(run.id)


async def _told(store: Store, run: RunRecord) -> str:
    return next(entry.event.task for entry in await store.journal.read(run.id) if isinstance(entry.event, Briefed))

"""A Task that is busy lets further fires wait for their turn, or makes room for them (R2.8)."""

import asyncio
from itertools import pairwise

from blueprint.plan import Strategy, WhenBusy
from blueprint.records import Refusal, RunRecord, RunState
from tests.fakes.counter import wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, reaches
from tests.fakes.model_server import calls, held, scripted_model

DONE = calls(("conclude", {"summary": "Done.", "findings": []}))


async def test_fires_of_a_busy_task_run_one_after_the_other_in_the_order_in_which_they_came(installation: Installation) -> None:
    gate = asyncio.Event()
    async with scripted_model([held(gate, DONE), DONE, DONE]) as model, installation.store() as store:
        busy = task(strategy=Strategy(when_busy=WhenBusy.QUEUE))
        mission = await installation.launch(busy, employee=await installation.employ(model_url=model.url))
        first = await installation.start(mission)
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        others = [await _queued(installation, await installation.start(mission)) for _ in range(3)]
        listed = await installation.command("runs", mission.id, "--json")
        outcome = await installation.command("cancel", others[1], "--json")
        gate.set()
        records = [await installation.ended(run_id) for run_id in (first, others[0], others[2])]
        fires, queue = await store.fires.list(mission.id), await store.queue.all()
    assert (outcome.code, outcome.json["state"].split(",")[0]) == (0, "Cancelled"), outcome
    assert [fire["run_id"] for fire in listed.json["queued"]] == others
    assert [record.state for record in records] == [RunState.SUCCESS] * 3
    assert [_is_before(*pair) for pair in pairwise(records)] == [True, True]
    assert [(fire.run_id, fire.refusal) for fire in fires] == [(others[1], Refusal.GONE)]
    assert queue == []


async def test_a_newer_fire_takes_the_place_of_the_older_run_where_the_plan_says_so(installation: Installation) -> None:
    async with scripted_model([held(asyncio.Event(), DONE), DONE]) as model:
        busy = task(strategy=Strategy(when_busy=WhenBusy.CANCEL_OLDER))
        mission = await installation.launch(busy, employee=await installation.employ(model_url=model.url))
        older = await installation.start(mission)
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        newer = await installation.start(mission)
        records = [await installation.ended(run_id) for run_id in (older, newer)]
    assert [record.state for record in records] == [RunState.CANCELLED, RunState.SUCCESS]
    assert records[0].reason == f"Run {newer} came later and took its place: the Task cancels the older one."
    assert _is_before(*records)


async def _queued(here: Installation, run_id: str) -> str:
    """The run, once it waits for its turn."""
    await reaches(here, run_id, "Queued")
    return run_id


def _is_before(earlier: RunRecord, later: RunRecord) -> bool:
    return earlier.ended_at is not None and earlier.ended_at <= later.started_at

"""Many runs that wait for people at once: what that costs, and that each goes on exactly once after a restart of everything.

python -m benchmarks.waiting [RUNS]
"""

import asyncio
import logging
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic

from benchmarks.machine import machine_line, table
from benchmarks.weighing import Weight, weigh
from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.plan import Strategy, Task
from blueprint.records import RunRecord, RunState
from blueprint.stream import Reasoned, Returned
from flows.people.replying import Reply, reply
from tests.chaos.model import next_turn
from tests.chaos.script import Script, Step
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, open_folder
from tests.fakes.model_server import answering_model

COUNT = 200
_TOGETHER = 20
"""Runs of one Task that may be under way at once."""
_SCRIPT = Script(
    name="wait",
    freely=True,
    steps=(
        Step(kind="inform", text="the question", before=0, after=0),
        Step(kind="count", text="the effect", before=0, after=0),
    ),
)
_SECONDS_A_RUN = 30
"""So long the slowest machine may take for each start of a run, all of them one after the other."""


@dataclass(frozen=True, kw_only=True)
class Waited:
    """What was seen: weights without and with waiting runs, how all ended, and how often the effect happened."""

    runs: int
    before: Weight
    waiting: Weight
    restarted: Weight
    records: Sequence[RunRecord]
    went_on_once: int
    effects: int
    parked_seconds: float
    answered_seconds: float


async def wait_together(here: Installation, counter: Counter, model_url: str, runs: int) -> Waited:
    """Let so many runs wait, restart everything, answer them in random order, and see each go on."""
    counter.folder.mkdir()
    employee = await here.employ(model_url=model_url, servers=[counter.connection()])
    mission = await here.launch(*_tasks(runs + 1), employee=employee, policy=_SCRIPT.policy)
    await _answer(here, [await _parked(here, mission, "work-0")])  # the first run of all has more to load
    before = await weigh(here)
    began = monotonic()
    waiting = await asyncio.gather(*(_parked(here, mission, f"work-{number // _TOGETHER}") for number in range(runs)))
    parked_seconds = monotonic() - began
    weight = await weigh(here)
    await here.down()
    await here.up()
    restarted, began = await weigh(here), monotonic()
    records = await _answer(here, waiting)
    answered_seconds = monotonic() - began
    async with here.store() as store:
        once = [await _went_on_once(store, run_id) for run_id in waiting]
    return Waited(
        runs=runs,
        before=before,
        waiting=weight,
        restarted=restarted,
        records=records,
        went_on_once=sum(once),
        effects=len(counter.counts()) - 1,
        parked_seconds=parked_seconds,
        answered_seconds=answered_seconds,
    )


def _tasks(runs: int) -> list[Task]:
    strategy = Strategy(concurrency=_TOGETHER)
    named = [f"work-{number}" for number in range(ceil(runs / _TOGETHER))]
    return [_SCRIPT.task.model_copy(update={"name": name, "strategy": strategy}) for name in named]


async def _parked(here: Installation, mission: Mission, task: str) -> str:
    """A new run that waits: its request is open, its process gone."""
    run_id = await here.start(mission, task)
    await here.asked(run_id, COUNT * _SECONDS_A_RUN)
    async with here.store() as store:
        while not (await store.runs.get(run_id)).is_waiting:
            await asyncio.sleep(0.5)
    return run_id


async def _answer(here: Installation, run_ids: Sequence[str]) -> list[RunRecord]:
    """Answer in random order, and wait until all have ended."""
    async with here.store() as store:
        for run_id in random.sample(run_ids, len(run_ids)):
            await reply(store, run_id, Reply(text="Go on."), by="bench")
    return await asyncio.gather(*(here.ended(run_id, COUNT * _SECONDS_A_RUN) for run_id in run_ids))


async def _went_on_once(store: Store, run_id: str) -> bool:
    """Two processes, three answers of the model, one result of each call, one request."""
    record, entries = await store.runs.get(run_id), await store.journal.read(run_id)
    counts = [sum(isinstance(entry.event, kind) for entry in entries) for kind in (Reasoned, Returned)]
    return (record.executions, counts, len(await store.requests.of_run(run_id))) == (2, [3, 2], 1)


def rows(seen: Waited) -> list[tuple[str, str]]:
    """What docs/benchmarks.md keeps."""
    good = sum(record.state is RunState.SUCCESS and bool(record.report_path) for record in seen.records)
    return [
        *_weights("no run waits", seen.before),
        *_weights(f"{seen.runs} runs wait", seen.waiting),
        *_weights(f"{seen.runs} runs wait, after a restart of everything", seen.restarted),
        (f"{seen.runs} starts until all wait", f"{seen.parked_seconds:.0f} s"),
        (f"{seen.runs} answers in random order until all reports", f"{seen.answered_seconds:.0f} s"),
        ("ended with success and a report", f"{good} of {seen.runs}"),
        ("went on exactly once (processes, steps, requests)", f"{seen.went_on_once} of {seen.runs}"),
        ("effects", f"{seen.effects}"),
    ]


def _weights(when: str, weight: Weight) -> list[tuple[str, str]]:
    return [
        (f"{when}: memory of all {weight.processes} processes (PSS)", f"{weight.megabytes:.0f} MB"),
        (f"{when}: processor, of one core", f"{sum(weight.processor.values()):.1%}"),
        (f"{when}: of it the Prefect server", f"{weight.processor.get('Prefect server', 0):.1%}"),
        (f"{when}: of it the service with the reconciler", f"{weight.processor.get('service process', 0):.1%}"),
        (f"{when}: transactions of the database", f"{weight.transactions:.1f}/s"),
    ]


async def _measure(runs: int) -> Waited:
    with open_folder() as folder:
        here, counter = Installation(home=folder / "home"), Counter(folder=folder / "home" / "counters")
        async with answering_model(next_turn) as model_url, here.running():
            return await wait_together(here, counter, model_url, runs)


def main() -> None:
    """Measure and print."""
    logging.disable(logging.WARNING)
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seen = asyncio.run(_measure(runs))
    print("\n".join([machine_line(), "", *table(rows(seen))]))


if __name__ == "__main__":
    main()

"""How long a run takes to its first step, and from an answer to its next step, and where that time goes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from time import monotonic
from uuid import UUID

import psutil

from blueprint.connections import HttpServer, ToolServerConnection
from blueprint.requests import Decision
from blueprint.stream import Briefed
from deployments.local.ports import free_port
from flows.people.replying import Reply, reply
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import ScriptedModel, calls, held, scripted_model
from tests.fakes.serving import program

COUNT = calls(("counter__count", {"text": "one"}))
DONE = calls(("conclude", {"summary": "Counted.", "findings": []}))
STEP_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where the time from the request to the first step went, in seconds."""

    hearing: float
    process: float
    gate: float
    tools: float
    model: float


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run: seconds from the request to its first step and from the answer to the call that was asked about."""

    start: float
    answer: float
    parts: Parts
    megabytes: float
    """What the run's process weighs at work, its share of what it has in common with others included (PSS)."""


async def samples(here: Installation, folder: Path, count: int) -> list[Sample]:
    """So many runs, one after the other, each with one approval and with a tool server that it starts itself."""
    counters = [Counter.in_new(folder / str(number)) for number in range(count)]
    return [await _sample(here, counter, counter.connection(name="counter")) for counter in counters]


async def samples_over_http(here: Installation, folder: Path, count: int) -> list[Sample]:
    """The same with one tool server that is there already and is reached over HTTP."""
    counter, port = Counter.in_new(folder / "http"), free_port()
    connection = ToolServerConnection(name="counter", server=HttpServer(url=f"http://127.0.0.1:{port}/mcp"))
    async with program(*counter.arguments, "--http", str(port), port=port):
        return [await _sample(here, counter, connection) for _ in range(count)]


def in_words(taken: Sequence[Sample]) -> str:
    """One sentence on where the time to the first step went."""
    parts = {
        "until the worker has the run": mean(one.parts.hearing for one in taken),
        "until its process runs the flow": mean(one.parts.process for one in taken),
        "store, lease and gate": mean(one.parts.gate for one in taken),
        "blocks, and starting or reaching the tool server": mean(one.parts.tools for one in taken),
        "asking the model": mean(one.parts.model for one in taken),
    }
    return ", ".join(f"{seconds:.2f} s {what}" for what, seconds in parts.items()) + "."


async def _sample(here: Installation, counter: Counter, connection: ToolServerConnection) -> Sample:
    gate = asyncio.Event()
    async with scripted_model([held(gate, COUNT), DONE]) as model, here.store() as store:
        employee = await here.employ(model_url=model.url, servers=[connection])
        mission = await here.launch(task(), employee=employee)
        asked, began = datetime.now(UTC), monotonic()
        run_id = await here.start(mission)
        await _requested(model)
        start = monotonic() - began
        thinking, megabytes = datetime.now(UTC), await _megabytes(here, run_id)
        gate.set()
        await here.asked(run_id)
        await reaches(here, run_id, "Suspended")
        await asyncio.sleep(1)  # a person's answer finds the process gone
        parts = await _parts(here, run_id, asked, thinking)
        answered = datetime.now(UTC)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="bench")
        await here.ended(run_id)
    called = datetime.fromtimestamp(counter.calls("count", "start")[-1]["at"], UTC)
    return Sample(start=start, answer=(called - answered).total_seconds(), parts=parts, megabytes=megabytes)


async def _requested(model: ScriptedModel) -> None:
    async with asyncio.timeout(STEP_SECONDS):
        while not model.requests:
            await asyncio.sleep(0.005)


async def _megabytes(here: Installation, run_id: str) -> float:
    async with here.client() as client:
        pid = int((await client.read_flow_run(UUID(run_id))).infrastructure_pid or 0)
    return psutil.Process(pid).memory_full_info().pss / 2**20


async def _parts(here: Installation, run_id: str, asked: datetime, thinking: datetime) -> Parts:
    async with here.client() as client, here.store() as store:
        states = {state.name: state.timestamp for state in await client.read_flow_run_states(UUID(run_id))}
        entered = (await store.runs.get(run_id)).started_at
        briefed = next(entry.at for entry in await store.journal.read(run_id) if isinstance(entry.event, Briefed))
    moments = [asked, states["Pending"], states["Running"], entered, briefed, thinking]
    hearing, process, gate, tools, model = [(after - before).total_seconds() for before, after in pairwise(moments)]
    return Parts(hearing=hearing, process=process, gate=gate, tools=tools, model=model)

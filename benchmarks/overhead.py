"""What a step costs over a model and a tool that answer at once: the loop, the journal, Prefect's task runs, the artifacts.

python -m benchmarks.overhead

A step is a request to the model and the tool call that it asks for. Each row adds one part to the row above it, so that
the differences are what the parts cost. The bare loop is the same two exchanges and nothing else.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
from openai import AsyncOpenAI
from prefect import flow
from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker

from agent.journal import Journal
from agent.loop import Agent, Brief, work
from agent.model.openai_model import OpenAIModel
from agent.tools.journaled import Journaled
from agent.tools.mcp import McpToolset
from agent.tools.permit import Permit
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset, find_tool
from benchmarks.machine import Row, machine_line, table
from blocks.store.store import Store
from blueprint.connections import ModelConnection
from blueprint.policy import Rule, ToolCall, Verdict
from blueprint.records import JournalEntry
from flows.runs.journal import StoreJournal
from flows.runs.picture import Picture
from flows.runs.running import OPERATION, present_flow_run
from flows.runs.steps import StepModel, StepToolset
from flows.runs.stopping import StopRequest
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, open_folder
from tests.fakes.model_server import Turn, answering_model, calls, says
from tests.fakes.run import MemoryJournal, ToldPeople

STEPS = 100
OTHERS = "MISSIONS_BENCH_OTHERS"
"""Environment variable: the Python of a virtual environment with other frameworks, to be measured in the same run."""

_OWNER, _LEASE_SECONDS = "overhead", 3600
_LOOK = "counter__peek"


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    EventsWorker.set_client_override(NullEventsClient)
    load = psutil.getloadavg()[0]
    milliseconds = asyncio.run(_measure())
    print(
        "\n".join(
            [
                f"{machine_line()}, load of other work {load:.1f}, {STEPS} steps each",
                "",
                *table(_rows(milliseconds), head=("what", "a step", "more than above")),
            ]
        )
    )


async def _measure() -> dict[str, float]:
    with open_folder() as folder:
        here = Installation(home=folder / "home")
        async with here.running(), here.store() as store, _peers(folder) as peers:
            taken = {_BARE: await _timed(_bare(peers)), _LOOP: await _timed(_work(peers, MemoryJournal()))}
            for name, parts in _PARTS.items():
                taken[name] = await _as_flow(peers, store, parts)
            return taken | (await _others(here, peers.url, folder) if OTHERS in os.environ else {})


@dataclass(frozen=True, kw_only=True)
class _Peers:
    """A model that always asks for the same call until it has been asked STEPS times, and the tool server for it."""

    url: str
    servers: McpToolset
    tools: tuple[Tool, ...]


@asynccontextmanager
async def _peers(folder: Path) -> AsyncGenerator[_Peers]:
    async with answering_model(_turn) as url, McpToolset([Counter.in_new(folder / "counter").connection()]) as servers:
        yield _Peers(url=url, servers=servers, tools=(await servers.tools()).tools)


def _turn(body: dict[str, Any]) -> Turn:
    """The next call of the one tool, by the name that the asker gives it; another argument each time, so that it is no circle."""
    asked = sum(message["role"] == "assistant" for message in body["messages"])
    names: list[str] = [tool["function"]["name"] for tool in body["tools"]]
    if asked < STEPS:
        return calls((next(name for name in names if name.endswith("peek")), {"before": asked * 1e-9}))
    return calls(("conclude", {"summary": "Done."})) if "conclude" in names else says("Done.")


async def _bare(peers: _Peers) -> None:
    """What anybody would write in a minute: it keeps nothing and guards nothing."""
    declared: Any = [{"type": "function", "function": {"name": _LOOK, "parameters": _WITHOUT_ARGUMENTS}}]
    messages: list[Any] = [{"role": "system", "content": "s"}, {"role": "user", "content": "t"}]
    async with AsyncOpenAI(base_url=peers.url, api_key="none", max_retries=0) as client:
        for place in range(STEPS):
            reply = await client.chat.completions.create(model="m", messages=messages, tools=declared)
            messages.append(reply.choices[0].message.model_dump(exclude_none=True))
            result = await peers.servers.call(ToolCall(id=f"c{place}", server="counter", tool="peek", arguments={}))
            messages.append({"role": "tool", "tool_call_id": "call_0", "content": result.text})


_WITHOUT_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What of a run's surroundings takes part."""

    steps: bool = False
    artifacts: bool = False


_PARTS = {
    "and the journal": _Parts(),
    "and Prefect's task runs": _Parts(steps=True),
    "and the artifacts, as in a run": _Parts(steps=True, artifacts=True),
}


_BARE, _LOOP = "the bare loop", "the loop"
_OURS = (_BARE, _LOOP, *_PARTS)


async def _as_flow(peers: _Peers, store: Store, parts: _Parts) -> float:
    @flow(name="overhead", persist_result=False)
    async def overhead() -> float:
        run_id = str(present_flow_run().id)
        await store.leases.claim(run_id, mission_id="overhead", operation=OPERATION, owner=_OWNER, seconds=_LEASE_SECONDS)
        picture = _Picture(flow_run_id=run_id, artifact_key="overhead", is_drawn=parts.artifacts)
        journal = await StoreJournal.read(store, run_id=run_id, owner=_OWNER, picture=picture)
        taken = await _timed(_work(peers, journal, picture if parts.steps else None))
        await store.leases.end(run_id)
        return taken

    return await overhead()


class _Picture(Picture):
    """A run's picture; without artifacts when it is not drawn."""

    def __init__(self, *, flow_run_id: str, artifact_key: str, is_drawn: bool) -> None:
        super().__init__(flow_run_id=flow_run_id, artifact_key=artifact_key)
        self._is_drawn = is_drawn

    def show(self, entry: JournalEntry) -> None:
        if self._is_drawn:
            super().show(entry)


async def _work(peers: _Peers, journal: Journal, picture: Picture | None = None) -> None:
    """The loop to its conclusion, and to the last artifact."""
    connection = ModelConnection(name="instant", base_url=peers.url, model="m", max_retries=0)
    brief = Brief(system="s", task="t", step_limit=2 * STEPS, token_budget=10**9)
    people = ToldPeople()
    async with OpenAIModel(connection) as endpoint:
        tools: Toolset = StepToolset(inner=peers.servers, picture=picture) if picture else peers.servers
        guarded = _Allowed(inner=Journaled(inner=tools, journal=journal, approver=people), offered=peers.tools)
        model = StepModel(inner=endpoint, picture=picture, stop=StopRequest()) if picture else endpoint
        agent = Agent(model=model, toolset=guarded, tools=peers.tools, journal=journal, approver=people)
        async for _ in work(agent, brief):
            pass
    if picture:
        await picture.finish()


@dataclass(frozen=True, kw_only=True)
class _Allowed(Toolset):
    """Calls of tools that only read, which every policy lets through."""

    inner: Journaled
    offered: tuple[Tool, ...]

    async def tools(self) -> ToolListing:
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        tool = find_tool(self.offered, call)
        assert tool is not None
        return await self.inner.call(call, Permit(tool=tool, verdict=Verdict(rule=Rule.AUTO, reason="it only reads")))


async def _others(here: Installation, url: str, folder: Path) -> dict[str, float]:
    """The same in other frameworks, in a virtual environment of theirs."""
    script, counter = Path(__file__).with_name("others.py"), Counter.in_new(folder / "others")
    tool_server = [sys.executable, *counter.arguments]
    process = await asyncio.create_subprocess_exec(
        *(os.environ[OTHERS], str(script), url, str(STEPS), str(folder), *tool_server),
        env=os.environ | {"PREFECT_API_URL": here.addresses.api_url},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return json.loads(output.decode().splitlines()[-1])


async def _timed(work: Awaitable[None]) -> float:
    """Milliseconds a step."""
    began = monotonic()
    await work
    return (monotonic() - began) / STEPS * 1_000


def _rows(milliseconds: dict[str, float]) -> list[Row]:
    before = 0.0
    rows: list[Row] = []
    for what, taken in milliseconds.items():
        rows.append((what, f"{taken:.1f} ms", f"{taken - before:+.1f} ms" if what in _OURS else ""))
        before = taken
    return rows


if __name__ == "__main__":
    main()

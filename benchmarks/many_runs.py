"""Runs many Tasks at once by hand, and says where the time goes."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean
from time import monotonic
from typing import TypeVar
from uuid import UUID

import psutil

from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.records import RunRecord
from blueprint.triggers import Manual
from tests.fakes.installation import Installation

INSTRUCTIONS = "Check the disk space and the memory."
"""What every run does: two calls of the host's tools, with the rehearsal model."""

_SAMPLE_SECONDS = 0.5
Given = TypeVar("Given")


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Where the time of one run went, in seconds: waiting for a worker's slot, starting a process, work, report and end."""

    slot: float
    start: float
    work: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Runs that were started together: how they ended, how long all took, and what their processes weighed."""

    records: Sequence[RunRecord]
    phases: Sequence[Phases]
    states: Sequence[Sequence[str]]
    seconds: float
    largest_megabytes: float
    most_processes: int


def tasks(count: int) -> list[Task]:
    """So many equal Tasks, started by hand."""
    return [
        Task(name=f"work-{number}", title=f"Work {number}", instructions=INSTRUCTIONS, trigger=Manual(), tools=("host.*",))
        for number in range(count)
    ]


async def burst(installation: Installation, mission: Mission, names: Sequence[str], seconds: float = 300) -> Burst:
    """Start a run of each Task at the same time and wait for all reports; TimeoutError when one has none after `seconds`."""
    began = monotonic()
    ended, (largest, most) = await _weighed(installation, _all_ended(installation, mission, names, seconds))
    took = monotonic() - began
    states = [await _final_states(installation, record.id) for record in ended]
    return Burst(
        records=ended,
        phases=[_phases(record, seen) for record, seen in zip(ended, states, strict=True)],
        states=[[name for name, _ in seen] for seen in states],
        seconds=took,
        largest_megabytes=largest,
        most_processes=most,
    )


def in_words(phases: Sequence[Phases]) -> str:
    """One sentence on where the time of the average run went."""
    parts = {
        "waiting for a free slot of the worker": mean(phase.slot for phase in phases),
        "starting its process": mean(phase.start for phase in phases),
        "working": mean(phase.work for phase in phases),
        "writing its report and ending": mean(phase.end for phase in phases),
    }
    whole = sum(parts.values())
    shares = ", ".join(f"{seconds:.1f} s ({seconds / whole:.0%}) {what}" for what, seconds in parts.items())
    return f"The average run took {whole:.1f} s: {shares}."


async def _all_ended(installation: Installation, mission: Mission, names: Sequence[str], seconds: float) -> list[RunRecord]:
    runs = await asyncio.gather(*[installation.start(mission, name) for name in names])
    return await asyncio.gather(*[installation.ended(run, seconds) for run in runs])


async def _final_states(installation: Installation, run_id: str) -> list[tuple[str, datetime]]:
    """The states that Prefect gave a run, once the last of them is final."""
    async with installation.client() as client, asyncio.timeout(60):
        while True:
            states = sorted(await client.read_flow_run_states(UUID(run_id)), key=lambda state: state.timestamp)
            if states[-1].is_final():
                return [(state.name or state.type.value, state.timestamp) for state in states]
            await asyncio.sleep(0.1)


def _phases(record: RunRecord, states: Sequence[tuple[str, datetime]]) -> Phases:
    at = dict(states)
    assert record.ended_at is not None
    return Phases(
        slot=(at["Pending"] - at["Scheduled"]).total_seconds(),
        start=(record.started_at - at["Pending"]).total_seconds(),
        work=(record.ended_at - record.started_at).total_seconds(),
        end=(states[-1][1] - record.ended_at).total_seconds(),
    )


async def _weighed(installation: Installation, work: Awaitable[Given]) -> tuple[Given, tuple[float, int]]:
    """The result of `work`, and meanwhile the largest run's process in megabytes (PSS), and the most at once."""
    working = asyncio.ensure_future(work)
    largest, most = 0.0, 0
    while not working.done():
        sizes = [_megabytes(process) for process in installation.processes() if _is_run(process)]
        largest, most = max([largest, *sizes]), max(most, len(sizes))
        await asyncio.wait([working], timeout=_SAMPLE_SECONDS)
    return working.result(), (largest, most)


def _is_run(process: psutil.Process) -> bool:
    """Started by the stock worker, or forked by the warm one: then it has the command line of what it was forked from."""
    try:
        own, parent = " ".join(process.cmdline()), process.parent()
        is_forked = "forkserver" in own and parent is not None and "forkserver" in " ".join(parent.cmdline())
        return is_forked or "prefect.flow_engine" in own or "prefect.engine" in own
    except psutil.Error:
        return False


def _megabytes(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0

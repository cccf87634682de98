"""Weighs an installation at rest: the memory of its processes, the processor's time they take, the database's transactions."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import psutil
from sqlalchemy import text

from tests.chaos.killing import kind_of
from tests.fakes.installation import Installation

_SETTLES_SECONDS, _WATCHED_SECONDS = 15.0, 20.0
_TRANSACTIONS = text("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")


@dataclass(frozen=True, kw_only=True)
class Weight:
    """Megabytes (PSS: shared memory counts once) of so many processes; shares of one core by kind; transactions a second."""

    megabytes: float
    processes: int
    processor: Mapping[str, float]
    transactions: float


async def weigh(here: Installation) -> Weight:
    """Let it settle, then watch it for a while."""
    await asyncio.sleep(_SETTLES_SECONDS)
    began, used, done = monotonic(), _seconds_by_kind(here), await _transactions(here)
    await asyncio.sleep(_WATCHED_SECONDS)
    took, later, then = monotonic() - began, _seconds_by_kind(here), await _transactions(here)
    processes = _processes(here)
    return Weight(
        megabytes=sum(_megabytes(process) for process in processes),
        processes=len(processes),
        processor={kind: (later[kind] - used[kind]) / took for kind in sorted(later)},
        transactions=(then - done) / took,
    )


def _processes(here: Installation) -> list[psutil.Process]:
    """All of it: PostgreSQL's processes say nothing of their data directory, but who started them does."""
    own = here.processes()
    every = [*own, *(child for process in own for child in process.children(recursive=True))]
    return list({process.pid: process for process in every}.values())


def _seconds_by_kind(here: Installation) -> Counter[str]:
    seconds = Counter[str]()
    for process in _processes(here):
        try:
            times = process.cpu_times()
            seconds[kind_of(process) or "rest"] += times.user + times.system  # pyright: ignore[reportArgumentType] seconds count too
        except psutil.Error:
            continue
    return seconds


def _megabytes(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0


async def _transactions(here: Installation) -> int:
    async with here.store() as store, store.engine.connect() as connection:
        return (await connection.execute(_TRANSACTIONS)).scalar_one()

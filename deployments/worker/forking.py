"""Forks runs from an interpreter that has everything imported: a start takes milliseconds instead of seconds."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from blueprint.errors import Unavailable
from deployments.worker import child

_WARM_SECONDS = 180.0  # a few on a quiet machine
_START_SECONDS = 20.0
_TICK_SECONDS = 0.002


@dataclass(frozen=True)
class Fork:
    """A forked run, the leader of a process group of its own."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        assert self.process.pid is not None, "it is made when it has started"
        return self.process.pid

    async def ended(self) -> int:
        """Wait for its end; the exit code, -N for signal N."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self.process.sentinel)
        self.process.join()
        return self.process.exitcode or 0

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens when nothing of it is left."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def leads_group(self) -> None:
        """Return when it can be sent signals, or has ended."""
        async with asyncio.timeout(_START_SECONDS):
            while _group(self.pid) not in (self.pid, None):
                await asyncio.sleep(_TICK_SECONDS)


class Forks:
    """Copies of one warm interpreter, each of which becomes a run."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._modules = (*preload, child.ENGINE, child.__name__)
        self._context = multiprocessing.get_context("forkserver")

    def warm_up(self) -> None:
        """Start the interpreter; returns when it has imported everything. Unavailable when it can't."""
        self._context.set_forkserver_preload(list(self._modules))
        first = self._context.Process(target=child.require_modules, args=(self._modules,))
        first.start()
        first.join(_WARM_SECONDS)
        if first.exitcode != 0:
            raise Unavailable(f"A run's process can't import {', '.join(self._modules)}; the lines above say why.")

    async def start(self, changes: Mapping[str, str | None], directory: Path) -> Fork:
        """A new process that runs Prefect's engine in `directory`, with these changes to the worker's environment."""
        process = self._context.Process(target=child.run_engine, args=(dict(changes), str(directory)))
        process.start()  # a matter of milliseconds, once the interpreter is warm
        fork = Fork(process)
        await fork.leads_group()
        return fork


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None

"""Keeps one process of the stack alive: starts it behind its guard, restarts it when it dies, stops it for good."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blueprint.errors import Unavailable
from deployments.local import guard

_LARGEST_LOG = 10_000_000
_POLL_SECONDS = 0.05
_FIRST_DELAY, _LONGEST_DELAY, _STEADY_AFTER = 1.0, 30.0, 60.0
_GUARD_SECONDS = 10.0  # what the guard itself needs beyond its command's grace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One command and how it is run. `account` is the one to run as, empty for ours; `held` are open files, such as a
    lock's, that stay open as long as anything of the program is alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    account: str = ""
    held: tuple[int, ...] = ()


@asynccontextmanager
async def kept_running(program: Program, ready: Callable[[], Awaitable[bool]], within: float) -> AsyncGenerator[None]:
    """The program runs and was ready at the start; it is restarted when it dies and gone at the end.

    Raises Unavailable when it ends or is not ready `within` seconds.
    """
    kept = _Kept(program=program, process=await _start(program))
    keeper: asyncio.Task[None] | None = None
    try:
        await _become_ready(kept, ready, within)
        keeper = asyncio.create_task(kept.restart_for_ever(), name=f"keep {program.name}")
        yield
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        await _stop(program, kept.process)


async def run_to_end(program: Program, within: float) -> int:
    """The exit code of a program that ends by itself; Unavailable, and nothing is left of it, when it takes longer."""
    process = await _start(program)
    try:
        return await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        raise Unavailable(f"The {program.name} did not end within {within:.0f} seconds; see {program.log}.") from None
    finally:
        await _stop(program, process)


def _open_log(path: Path) -> BinaryIO:
    """The log file, to append to; a large one is put aside first, in place of the one before."""
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_name(f"{path.name}.1"))
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


async def _start(program: Program) -> asyncio.subprocess.Process:
    command = (sys.executable, "-I", guard.__file__)  # by its file: nothing of ours has to be found from where it runs
    options = (str(int(program.stop_signal)), str(program.grace_seconds), program.account)
    with _open_log(program.log) as log:
        return await asyncio.create_subprocess_exec(
            *command,
            *options,
            *program.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=program.directory,
            env=dict(program.environment),
            pass_fds=program.held,
            start_new_session=True,  # Ctrl-C in the terminal is for the stack alone, which stops all in order
        )


@dataclass(kw_only=True)
class _Kept:
    """A program and the process that runs it now."""

    program: Program
    process: asyncio.subprocess.Process

    async def restart_for_ever(self) -> None:
        """Start another process whenever one ended, later each time until one lasts."""
        delay = _FIRST_DELAY
        while True:
            started = time.monotonic()
            code = await self.process.wait()
            delay = _FIRST_DELAY if time.monotonic() - started > _STEADY_AFTER else delay
            name, log = self.program.name, self.program.log
            logger.warning("The %s ended with code %s; it is started again in %.0f s. See %s", name, code, delay, log)
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)
            try:
                self.process = await _start(self.program)
            except OSError:
                logger.exception("The %s could not be started", name)


async def _become_ready(kept: _Kept, ready: Callable[[], Awaitable[bool]], within: float) -> None:
    name, log, deadline = kept.program.name, kept.program.log, time.monotonic() + within
    while not await ready():
        if (code := kept.process.returncode) is not None:
            raise Unavailable(f"The {name} ended with code {code} as it started; see {log}.")
        if time.monotonic() > deadline:
            raise Unavailable(f"The {name} was not ready within {within:.0f} seconds; see {log}.")
        await asyncio.sleep(_POLL_SECONDS)


async def _stop(program: Program, process: asyncio.subprocess.Process) -> None:
    """Close the pipe to the guard, which is its order to end, and wait; SIGKILL when it takes too long."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), program.grace_seconds + _GUARD_SECONDS)
    except TimeoutError:
        logger.error("The %s did not stop within %.0f s and is killed", program.name, program.grace_seconds + _GUARD_SECONDS)
        process.kill()
        await process.wait()

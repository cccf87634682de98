"""Looks at and starts real processes for the tests of the local stack."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[3]


def processes_of(home: Path) -> list[psutil.Process]:
    """All processes that name a path under `home` in their command or in their environment."""
    return [process for process in psutil.process_iter() if process.pid != psutil.Process().pid and _names(process, str(home))]


def _names(process: psutil.Process, text: str) -> bool:
    with suppress(psutil.Error):
        if process.status() != psutil.STATUS_ZOMBIE:
            return any(text in part for part in (*process.cmdline(), *process.environ().values()))
    return False


async def until(claim: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for the claim to become true; AssertionError when it does not."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "the awaited state was not reached"
        await asyncio.sleep(0.05)


@contextmanager
def started(
    module: str, *arguments: str, python: str = sys.executable, user: int | None = None
) -> Generator[subprocess.Popen[str]]:
    """A module of these tests as a process of its own, killed in the end."""
    with subprocess.Popen(
        [python, "-m", f"tests.deployments.local.{module}", *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """What the process says first, without the line's end; empty when it ended without a word."""
    assert process.stdout is not None
    return process.stdout.readline().strip()

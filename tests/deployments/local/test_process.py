"""A program of the stack is ready, is restarted when it dies, and nothing of it is left when it or its owner ends."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from blueprint.errors import Unavailable
from deployments.local.process import Program, kept_running, run_to_end
from tests.deployments.local.processes import processes_of, until

SAY_PID = "open('pid', 'w').write(str(os.getpid()))"
SLEEP = "time.sleep(600)"
# A grandchild that leaves its session and outlives its parent, as a run of a killed worker does.
LEAVE = f"subprocess.Popen([sys.executable, '-c', 'import time; {SLEEP}', os.getcwd()], start_new_session=True)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def program(folder: Path, *statements: str, grace: float = 5) -> Program:
    code = "; ".join(("import os, signal, subprocess, sys, time", *statements))
    return Program(
        name="test program",
        command=(sys.executable, "-c", code, str(folder)),
        environment=dict(os.environ),
        directory=folder,
        log=folder / "log",
        grace_seconds=grace,
    )


def pid(folder: Path) -> int:
    """The last number that the program wrote, 0 before."""
    file = folder / "pid"
    return int(file.read_text() or 0) if file.exists() else 0


def ready(folder: Path) -> Callable[[], Awaitable[bool]]:
    async def has_written() -> bool:
        return pid(folder) > 0

    return has_written


async def test_a_program_runs_inside_and_all_that_it_started_is_gone_after(tmp_path: Path) -> None:
    async with kept_running(program(tmp_path, LEAVE, SAY_PID, SLEEP), ready(tmp_path), within=20):
        assert len(processes_of(tmp_path)) == 3  # guard, program, grandchild
    assert processes_of(tmp_path) == []


async def test_what_a_dead_program_started_is_killed_and_the_program_started_again(tmp_path: Path) -> None:
    async with kept_running(program(tmp_path, LEAVE, SAY_PID, SLEEP), ready(tmp_path), within=20):
        first, old = pid(tmp_path), processes_of(tmp_path)
        os.kill(first, signal.SIGKILL)
        await until(lambda: pid(tmp_path) not in (0, first))
        assert not any(process.is_running() for process in old)
    assert processes_of(tmp_path) == []


async def test_a_program_that_ignores_the_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    async with kept_running(program(tmp_path, STUBBORN, SAY_PID, SLEEP, grace=0.2), ready(tmp_path), within=20):
        pass
    assert processes_of(tmp_path) == []


async def test_a_killed_guard_takes_its_program_along(tmp_path: Path) -> None:
    async with kept_running(program(tmp_path, SAY_PID, SLEEP), ready(tmp_path), within=20):
        child = psutil.Process(pid(tmp_path))
        guard = child.parent()
        assert guard is not None
        guard.kill()
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_a_program_that_ends_as_it_starts_is_an_error_that_names_the_log(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=rf"test program ended with code 3 as it started; see {tmp_path}/log"):
        async with kept_running(program(tmp_path, "print('oh')", "sys.exit(3)"), ready(tmp_path), within=20):
            pass
    assert (tmp_path / "log").read_text() == "oh\n"


async def test_a_program_that_is_never_ready_is_an_error_and_gone(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="was not ready within 0 seconds"):
        async with kept_running(program(tmp_path, SLEEP), ready(tmp_path), within=0.3):
            pass
    assert processes_of(tmp_path) == []


async def test_a_program_that_should_end_and_does_not_is_an_error_and_gone(tmp_path: Path) -> None:
    assert await run_to_end(program(tmp_path, "sys.exit(4)"), within=20) == 4
    with pytest.raises(Unavailable, match="did not end within 0 seconds"):
        await run_to_end(program(tmp_path, SLEEP), within=0.3)
    assert processes_of(tmp_path) == []


async def test_a_large_log_is_put_aside_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    os.truncate(tmp_path / "log", 10_000_001)
    await run_to_end(program(tmp_path, "print('new')"), within=20)
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").stat().st_size == 10_000_001

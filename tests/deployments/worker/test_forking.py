"""Processes that are forked from a warm interpreter: what is missing is said at once, and nothing stays of a killed run."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from blueprint.connections import TOOL_SERVER_MARK
from blueprint.errors import Unavailable
from deployments.worker.forking import Forks
from deployments.worker.leftovers import kill_tool_servers

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
PARENT = (
    sys.executable,
    "-c",
    f"import subprocess, time; subprocess.Popen({list(SLEEP)!r}, start_new_session=True); time.sleep(600)",
)
DEAD_RUN = 4_194_305
"""No process has this id: it is over the kernel's highest."""


def test_a_module_that_can_not_be_imported_is_named_before_any_run_starts() -> None:
    with pytest.raises(Unavailable, match=r"can't import no_such_module, prefect\.engine"):
        Forks(["no_such_module"]).warm_up()


def test_the_tool_servers_of_a_dead_run_are_killed_with_their_children_and_those_of_other_runs_are_not() -> None:
    mine, other, unmarked = _started(f"{DEAD_RUN}-a"), _started(f"{DEAD_RUN}0-b"), _started("")
    try:
        child = _child_of(mine)
        assert kill_tool_servers(DEAD_RUN) == 2
        assert mine.wait(10) != 0
        psutil.wait_procs([child], timeout=10)
        assert not child.is_running()
        assert (other.poll(), unmarked.poll()) == (None, None)
    finally:
        for process in (mine, other, unmarked):
            for one in [*psutil.Process(process.pid).children(), process] if process.poll() is None else []:
                one.kill()
            process.wait()


def _started(mark: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(PARENT, env=os.environ | ({TOOL_SERVER_MARK: mark} if mark else {}), cwd=Path("/"))


def _child_of(process: "subprocess.Popen[bytes]") -> psutil.Process:
    """Its child, as soon as there is one and it carries its own command."""
    for _ in range(1000):
        found = [child for child in psutil.Process(process.pid).children() if "subprocess" not in " ".join(child.cmdline())]
        if found:
            return found[0]
        psutil.wait_procs([psutil.Process(process.pid)], timeout=0.02)
    raise AssertionError("no child")

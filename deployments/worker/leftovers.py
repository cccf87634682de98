"""Ends the tool servers of a run whose process was killed: it can't do that itself any more (R4.7)."""

from contextlib import suppress

import psutil

from blueprint.connections import TOOL_SERVER_MARK


def kill_tool_servers(run_pid: int) -> int:
    """Kill the tool servers that the process `run_pid` had started, and all that these had; gives how many there were."""
    left = [process for process in psutil.process_iter() if _was_started_by(process, run_pid)]
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    return len(left)


def _was_started_by(process: psutil.Process, run_pid: int) -> bool:
    """By the mark, which children inherit. Processes of others, and those that end meanwhile, are not ours."""
    with suppress(psutil.Error):
        return process.environ().get(TOOL_SERVER_MARK, "").startswith(f"{run_pid}-")
    return False

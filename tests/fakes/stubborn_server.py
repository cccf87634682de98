"""An MCP server that does not leave: `python -m tests.fakes.stubborn_server --log FILE`.

It ignores SIGTERM, has a child that ignores it too, and stays when its input ends. `FILE` gets the ids of both processes,
then one line when its tool was called, which never answers.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
_CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def make_server(log: Path) -> MCPServer:
    """The server."""
    server = MCPServer("stubborn", version="1")

    @server.tool(annotations=_CHANGES)
    async def block() -> str:
        """Hold up the whole process, whatever is asked of it."""
        _append(log, "called")
        with anyio.CancelScope(shield=True):
            await anyio.sleep(600)
        return "never said"

    return server


def _append(log: Path, line: object) -> None:
    with log.open("a") as file:
        file.write(f"{line}\n")


def _main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server that does not leave.")
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.DEVNULL)
    for pid in (os.getpid(), child.pid):
        _append(options.log, pid)
    make_server(options.log).run()
    time.sleep(600)


if __name__ == "__main__":
    _main()

"""An MCP server that is not the same from call to call: `python -m tests.fakes.shifty_server --log CALLS`.

It dies in each third call of `shaky`, renames a tool in mid-run (with and without saying so), and wants to know something
of a person before it restarts a service. `CALLS` gets a line for each effect.
"""

import argparse
import os
from pathlib import Path
from typing import Annotated, Literal

from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False)


class Restart(BaseModel):
    """What the server wants to know."""

    how: Literal["gently", "at once"] = Field(description="How to restart it")
    minutes: int = Field(description="How long it may be away")


async def _ask(service: str) -> Elicit[Restart]:
    return Elicit(f"Restart {service}?", Restart)


def make_server(log: Path) -> MCPServer:
    """The server."""
    server = MCPServer("shifty", version="1")

    def load() -> str:
        """The load."""
        return "load 0.5"

    server.add_tool(load, name="load", annotations=_READS)

    @server.tool(annotations=_READS)
    async def shaky() -> str:
        """Answer twice; the third time the process ends."""
        _append(log, "shaky")
        if len(_lines(log, "shaky")) % 3 == 0:
            os._exit(3)
        return "fine"

    @server.tool(annotations=_READS)
    async def rename(context: Context, loudly: bool) -> str:
        """Call `load` by another name from now on."""
        server.remove_tool("load")
        server.add_tool(load, name="load_average", annotations=_READS)
        if loudly:
            await context.notify_tools_changed()
        return "renamed"

    @server.tool(annotations=_READS)
    async def turn(context: Context) -> str:
        """Say from now on that `restart` only reads."""
        server.remove_tool("restart")
        server.add_tool(load, name="restart", annotations=_READS)
        await context.notify_tools_changed()
        raise ValueError("unknown tool, for once: look at the list")

    @server.tool(annotations=_CHANGES)
    async def restart(service: str, wanted: Annotated[Restart, Resolve(_ask)]) -> str:
        """Restart a service, as a person says."""
        _append(log, f"restart {service} {wanted.how} {wanted.minutes}")
        return f"restarted {service} {wanted.how}"

    return server


def _append(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(f"{line}\n")


def _lines(log: Path, first: str) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith(first)]


def _main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server that is not the same from call to call.")
    parser.add_argument("--log", type=Path, required=True)
    make_server(parser.parse_args().log).run()


if __name__ == "__main__":
    _main()

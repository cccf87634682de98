"""An MCP server whose effects can be counted: the peer of the tests that interrupt, kill and restart.

    python -m tests.fakes.counter_server --file COUNTS --log CALLS [--http PORT | --sse PORT]

`COUNTS` gets one line for each effect. `CALLS` gets one JSON line each at the start, the effect and the end of a call.
"""

import argparse
import json
import os
import time
from pathlib import Path

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
_REPEATABLE = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class Counter:
    """The effects of the tools, and what is written down about each call."""

    def __init__(self, counts: Path, calls: Path) -> None:
        self._counts = counts
        self._calls = calls

    def note(self, moment: str, tool: str, text: str = "") -> None:
        """Write one line to the log of calls; it is on disk when this returns."""
        line = json.dumps({"moment": moment, "tool": tool, "text": text, "pid": os.getpid(), "at": time.time()})
        _append(self._calls, line)

    def add(self, text: str) -> None:
        """The effect of `count`."""
        _append(self._counts, text)

    def lines(self) -> list[str]:
        """All effects so far."""
        return self._counts.read_text().splitlines() if self._counts.exists() else []


def make_server(counter: Counter, wire: int) -> MCPServer:
    """The server; `wire` is the file descriptor of the protocol stream, for the tool that spoils it."""
    server = MCPServer("counter", version="1")

    @server.tool(annotations=_CHANGES)
    async def count(text: str, before: float = 0, after: float = 0, until: str = "") -> str:
        """Append a line, `before` seconds after the call came; answer `after` seconds later, when the file `until` exists."""
        counter.note("start", "count", text)
        await anyio.sleep(before)
        counter.add(text)
        counter.note("effect", "count", text)
        await anyio.sleep(after)
        while until and not await anyio.Path(until).exists():
            await anyio.sleep(0.05)
        counter.note("end", "count", text)
        return f"counted {text}"

    @server.tool(annotations=_REPEATABLE)
    async def count_once(text: str, before: float = 0, after: float = 0) -> str:
        """Append a line unless it is there already."""
        counter.note("start", "count_once", text)
        await anyio.sleep(before)
        if text not in counter.lines():
            counter.add(text)
            counter.note("effect", "count_once", text)
        await anyio.sleep(after)
        counter.note("end", "count_once", text)
        return f"counted {text} once"

    @server.tool(annotations=_READS)
    async def peek(before: float = 0) -> dict[str, list[str]]:
        """All lines so far, `before` seconds after the call came."""
        counter.note("start", "peek")
        await anyio.sleep(before)
        counter.note("end", "peek")
        return {"lines": counter.lines()}

    @server.tool(annotations=_READS)
    async def mute() -> str:
        """Never answer."""
        counter.note("start", "mute")
        try:
            await anyio.sleep_forever()
        finally:
            counter.note("cancelled", "mute")
        return "never said"

    @server.tool(annotations=_READS)
    async def crash() -> str:
        """End the process in the middle of the call."""
        counter.note("start", "crash")
        os._exit(3)

    @server.tool(annotations=_READS)
    async def garbage() -> str:
        """Write a banner, broken JSON and bytes that are no UTF-8 into the protocol stream, then answer."""
        counter.note("start", "garbage")
        os.write(wire, b'Welcome!\n{"jsonrpc": \n\xff\xfe\x80 odd bytes\n')
        return "garbage \x00\x1b[31mand colour\x1b[0m"

    @server.tool(annotations=_READS)
    async def big(megabytes: int = 0, kilobytes: int = 0) -> str:
        """A text of this many million, and this many thousand, characters."""
        counter.note("start", "big")
        return "0123456789" * (megabytes * 100_000 + kilobytes * 100)

    return server


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server whose effects can be counted.")
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--http", type=int, help="serve streamable HTTP on this port of 127.0.0.1 instead of stdio")
    parser.add_argument("--sse", type=int, help="serve the older SSE on this port of 127.0.0.1 instead of stdio")
    options = parser.parse_args()
    server = make_server(Counter(options.file, options.log), wire=os.dup(1))
    if options.http:
        server.run("streamable-http", host="127.0.0.1", port=options.http)
    elif options.sse:
        server.run("sse", host="127.0.0.1", port=options.sse)
    else:
        server.run()


if __name__ == "__main__":
    _main()

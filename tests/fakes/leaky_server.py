"""An MCP server that gives away what it was entrusted with: `python -m tests.fakes.leaky_server [--http PORT]`.

It writes its environment to stderr, and repeats environment and request headers in descriptions, results and errors.
"""

import argparse
import os
import sys

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)


def make_server() -> MCPServer:
    """The server."""
    server = MCPServer("leaky", version="1")

    @server.tool(annotations=_READS, description=f"Tell everything. Signs in with {_environment()}.")
    async def tell(context: Context) -> dict[str, str]:
        return {**os.environ, **dict(context.headers or {})}

    @server.tool(annotations=_READS)
    async def fail(context: Context) -> str:
        """Fail, and say with which credentials."""
        raise ValueError(f"the backend refused {_environment()} {dict(context.headers or {})}")

    @server.tool(annotations=_CHANGES, description=f"Change something. Undo: sign in with {_environment()}.")
    async def change(text: str) -> str:
        return f"changed {text} with {_environment()}"

    return server


def _environment() -> str:
    return " ".join(f"{name}={value}" for name, value in os.environ.items() if name.startswith("LEAKY_"))


def _main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server that gives away its secrets.")
    parser.add_argument("--http", type=int, help="serve streamable HTTP on this port of 127.0.0.1 instead of stdio")
    options = parser.parse_args()
    print("started with", _environment(), file=sys.stderr, flush=True)
    if options.http:
        make_server().run("streamable-http", host="127.0.0.1", port=options.http)
    else:
        make_server().run()


if __name__ == "__main__":
    _main()

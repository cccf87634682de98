"""The tools of any number of MCP servers as one Toolset."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from inspect import cleandoc
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from mcp.types import Tool as McpTool

from agent.redaction import Redaction
from agent.tools.content import clean, cut
from agent.tools.logins import NoLogins
from agent.tools.mcp_connection import Connection, Listing
from agent.tools.mcp_oauth import authentication
from agent.tools.mcp_owner import CLOSE_SECONDS
from agent.tools.names import wire_names
from agent.tools.toolset import Tool, ToolListing, ToolResult
from agent.tools.wishes import Replies, nobody
from blueprint.connections import ToolServerConnection
from blueprint.policy import ToolCall, ToolTraits
from blueprint.stream import Outcome

MAX_DESCRIPTION_CHARS = 4_000

Authenticate = Callable[[ToolServerConnection, Callable[[str], None]], httpx2.Auth | None]
"""What signs the requests to a server; the second argument is told each token."""

_WITHOUT_LOGINS: Authenticate = partial(authentication, logins=NoLogins())

HURRIED_SECONDS = 1.0
"""So long a tool server may take to leave when the run is cancelled, waits for a person, or has failed."""


class McpToolset:
    """An async context manager: servers start when their tools are first listed or called, all at the same time.

    A server that can't be used is a sentence in the listing and the others go on (R4.10); one that dies is started again
    for the next call, a bounded number of times. Leaving closes all connections and ends all child processes (R4.7); when
    it is left in a hurry (a cancellation, an error, a wait that ends the process), those that do not leave at once are killed.
    Child processes write their stderr to `<log_directory>/<server>.log`. `replies` knows what people answered to the
    questions of servers; `authenticate` gives what signs the requests to one that asks for OAuth.
    """

    def __init__(
        self,
        connections: Sequence[ToolServerConnection],
        *,
        log_directory: Path | None = None,
        replies: Replies = nobody,
        authenticate: Authenticate = _WITHOUT_LOGINS,
    ) -> None:
        names = [settings.name for settings in connections]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"tool servers {repeated!r} are given more than once; give each a name of its own")
        self._issued: set[str] = set()
        self._hide = Redaction.of(connections, issued=self.issued).text
        self._connections = {
            settings.name: Connection(
                settings, log_directory, replies=replies, hide=self._hide, auth=authenticate(settings, self._issued.add)
            )
            for settings in connections
        }

    def issued(self) -> frozenset[str]:
        """The tokens that servers were given access with so far: secrets, for `Redaction`."""
        return frozenset(self._issued)

    @property
    def is_outdated(self) -> bool:
        """Whether a server has said, or shown, that its tools are others than when they were listed."""
        return any(connection.is_outdated for connection in self._connections.values())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        grace = CLOSE_SECONDS if kind is None else HURRIED_SECONDS
        await asyncio.gather(*(connection.close(grace) for connection in self._connections.values()))

    async def tools(self) -> ToolListing:
        """The tools of all servers as they are now."""
        listings = await asyncio.gather(*(connection.tools() for connection in self._connections.values()))
        by_server = dict(zip(self._connections, listings, strict=True))
        failures = {server: self._hide(listing.problem) for server, listing in by_server.items() if listing.problem}
        return ToolListing(tools=_tools(by_server), failures=failures)

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call. Whatever the server does, this is a result: DONE, NOT_DONE or UNKNOWN (R4.8)."""
        connection = self._connections.get(call.server)
        if connection is None:
            available = ", ".join(sorted(self._connections)) or "none"
            text = f"There is no tool server {call.server!r}; available: {available}."
            return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text))
        return await connection.call(call)


def _tools(by_server: dict[str, Listing]) -> tuple[Tool, ...]:
    found: dict[tuple[str, str], McpTool] = {}
    for server, listing in by_server.items():
        for tool in listing.tools:
            found.setdefault((server, tool.name), tool)  # a server that lists a name twice: the first counts
    names = wire_names(found)
    return tuple(_tool(server, names[server, name], tool) for (server, name), tool in found.items())


def _tool(server: str, wire_name: str, tool: McpTool) -> Tool:
    return Tool(
        server=server,
        name=tool.name,
        wire_name=wire_name,
        description=cut(clean(cleandoc(tool.description or tool.title or tool.name)), MAX_DESCRIPTION_CHARS),
        parameters=tool.input_schema,
        traits=_traits(tool),
    )


def _traits(tool: McpTool) -> ToolTraits:
    hints = tool.annotations
    if hints is None:
        return ToolTraits()
    return ToolTraits(read_only=hints.read_only_hint, destructive=hints.destructive_hint, idempotent=hints.idempotent_hint)

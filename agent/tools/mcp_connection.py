"""One tool server over the length of a run: started when first needed, started again when it died."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from anyio import BrokenResourceError, ClosedResourceError
from mcp import Client, MCPError
from mcp.client import InputRequiredRoundsExceededError
from mcp.types import CallToolResult
from mcp.types import Tool as McpTool
from pydantic import ValidationError

from agent.tools.content import as_text, attachments, clean, cut, structured
from agent.tools.mcp_errors import call_failure, call_outcome, has_died, is_connection_closed, is_session_lost, why_unavailable
from agent.tools.mcp_hearing import Hearing
from agent.tools.mcp_owner import CLOSE_SECONDS, Owner
from agent.tools.toolset import ToolResult, Unanswered
from agent.tools.wishes import Replies
from blueprint.connections import HttpServer, ToolServerConnection
from blueprint.errors import ToolServerUnavailable
from blueprint.policy import ToolCall
from blueprint.stream import Outcome

MAX_STARTS = 5
"""How often one server is started without answering a call in between before it is left alone."""

MAX_PAGES = 100
MAX_CHARS = 100_000_000
"""Longest text of a result that is kept at all; what the model reads is bounded tighter, see `agent.results.kept`."""

MAX_STRUCTURED_CHARS = 1_000_000
"""Of a longer result only the text is kept."""

_FAILURES = (
    MCPError,
    RuntimeError,
    ValidationError,
    TimeoutError,
    BrokenResourceError,
    ClosedResourceError,
    InputRequiredRoundsExceededError,
)
"""What a server can make the SDK raise."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The tools of one server; `problem` is a sentence when not all of them could be had."""

    tools: Sequence[McpTool] = ()
    problem: str = ""


class Connection:
    """The tools of one server. No method raises for what the server does."""

    def __init__(
        self,
        settings: ToolServerConnection,
        log_directory: Path | None,
        *,
        replies: Replies,
        hide: Callable[[str], str],
        auth: httpx2.Auth | None,
    ) -> None:
        self._settings = settings
        self._auth = auth
        self._log_directory = log_directory
        self._hearing = Hearing(replies, hide)
        self._owner: Owner | None = None
        self._starts = 0
        self._is_closed = False
        self._starting = asyncio.Lock()
        self._listing: Listing | None = None

    @property
    def is_outdated(self) -> bool:
        """Whether the server's tools are others than when they were listed last, as far as is known."""
        return self._hearing.is_outdated

    async def tools(self) -> Listing:
        """All tools as they are now. A server that died as it was asked is asked once more: the run would do without it."""
        listing, is_worth_another = await self._list()
        if is_worth_another:
            listing, _ = await self._list()
        return listing

    async def call(self, call: ToolCall) -> ToolResult:
        """The server's result, or an error result whose outcome says whether the call may have had its effect."""
        if problem := await self._unknown_tool(call.tool):
            return _refused(problem)
        result, lost_session = await self._attempt(call)
        if lost_session:  # refused unread by a server that was restarted: once more, with a new session
            result, _ = await self._attempt(call)
        if result.is_error:
            self._hearing.note_refusal(result.text)
        return result

    async def close(self, grace_seconds: float = CLOSE_SECONDS) -> None:
        """Close the connection; a child process and its group are gone afterwards, killed when they take longer."""
        async with self._starting:
            self._is_closed = True
            if self._owner is not None:
                await self._owner.close(grace_seconds)

    async def _list(self) -> tuple[Listing, bool]:
        try:
            owner = await self._connected()
        except ToolServerUnavailable as error:
            return Listing(problem=str(error)), has_died(error.__cause__)
        self._hearing.is_outdated = False  # what changes from here on is in the next list
        try:
            async with asyncio.timeout(self._settings.connect_timeout_seconds):
                self._listing = await _list_all(owner.client, self._settings.name)
        except _FAILURES as error:
            self._mark(owner, error)
            return Listing(problem=why_unavailable(self._settings, error, "")), is_session_lost(error) or has_died(error)
        return self._listing, False

    async def _attempt(self, call: ToolCall) -> tuple[ToolResult, bool]:
        with self._hearing.during(call) as exchange:
            result, lost_session = await self._exchanged(call)
        return (_waiting(exchange.open_wish) if exchange.open_wish else result), lost_session

    async def _exchanged(self, call: ToolCall) -> tuple[ToolResult, bool]:
        try:
            owner = await self._connected()
        except ToolServerUnavailable as error:
            return _refused(str(error)), False
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.call_timeout_seconds):
                answer = await owner.client.call_tool(call.tool, dict(call.arguments))
        except _FAILURES as error:
            self._mark(owner, error)
            return self._failed(call.tool, error, time.monotonic() - began), is_session_lost(error)
        self._starts = 0
        return _answered(answer, time.monotonic() - began), False

    def _mark(self, owner: Owner, error: Exception) -> None:
        """Retire a connection that can carry no further call. A failed POST over SSE shows only as a time-out."""
        is_sse = isinstance(self._settings.server, HttpServer) and self._settings.server.transport == "sse"
        if is_connection_closed(error) or is_session_lost(error) or (is_sse and isinstance(error, TimeoutError)):
            owner.retire()

    def _failed(self, tool: str, error: Exception, seconds: float) -> ToolResult:
        text = cut(clean(call_failure(self._settings, tool, error)), MAX_CHARS)
        return ToolResult(text=text, is_error=True, outcome=call_outcome(error), size=len(text), seconds=seconds)

    async def _unknown_tool(self, tool: str) -> str:
        """A sentence when the server surely has no such tool, or can't be asked; the list is read again before that is said."""
        if self._offers(tool):
            return ""
        listing = await self.tools()
        if listing.problem and not listing.tools:
            return listing.problem
        if self._offers(tool) or listing.problem:
            return ""
        names = ", ".join(sorted(known.name for known in listing.tools)) or "none"
        return f"Tool server {self._settings.name!r} has no tool {tool!r}; available: {names}."

    def _offers(self, tool: str) -> bool:
        return self._listing is not None and any(known.name == tool for known in self._listing.tools)

    async def _connected(self) -> Owner:
        async with self._starting:
            if self._owner is not None and self._owner.is_alive:
                return self._owner
            if self._is_closed:
                raise ToolServerUnavailable(f"The connection to tool server {self._settings.name!r} has been closed.")
            if self._starts >= MAX_STARTS:
                name, starts = self._settings.name, self._starts
                raise ToolServerUnavailable(
                    f"Tool server {name!r} was started {starts} times without answering a call; it is left alone."
                )
            self._starts += 1
            if self._owner is not None:
                await self._owner.close()
                self._hearing.is_outdated = True  # another process may have other tools
            self._owner = await Owner.start(self._settings, self._log_directory, self._hearing, self._auth)
            return self._owner


async def _list_all(client: Client, server: str) -> Listing:
    tools: list[McpTool] = []
    cursors: set[str] = set()
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return Listing(tools=tools)
        if cursor in cursors:
            return Listing(tools=tools, problem=f"Tool server {server!r} repeats the page {cursor!r}; its list ends there.")
        cursors.add(cursor)
    return Listing(
        tools=tools, problem=f"Tool server {server!r} lists more than {MAX_PAGES} pages of tools; the rest is left out."
    )


def _answered(answer: CallToolResult, seconds: float) -> ToolResult:
    text = as_text(answer)
    return ToolResult(
        text=cut(text, MAX_CHARS),
        is_error=bool(answer.is_error),
        outcome=Outcome.DONE,
        structured=structured(answer) if len(text) <= MAX_STRUCTURED_CHARS else None,
        size=len(text),
        seconds=seconds,
        attachments=attachments(answer),
    )


def _waiting(wish: Unanswered) -> ToolResult:
    """The call was handed back before it was done, whatever the server has made of our error."""
    text = "A person is asked before the call is made again."
    return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text), wish=wish)


def _refused(text: str) -> ToolResult:
    return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text))

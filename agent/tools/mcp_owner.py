"""Holds one MCP client open in a task of its own.

anyio wants a client entered and left by the same task, and in mcp 2.3 a broken transport cancels the task that
entered it. Here that is a task with nothing else to do; whoever calls a tool only gets an error.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.types import Implementation

from agent.redaction import Redaction
from agent.tools.mcp_errors import why_unavailable
from agent.tools.mcp_hearing import Hearing
from agent.tools.mcp_log import kept_log
from agent.tools.mcp_transport import kill_group, open_transport
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.errors import ToolServerUnavailable

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 12.0
"""The SDK gives a child process at most 6.5 s to leave; an HTTP server is asked once to end the session."""

_UNHEARD_SECONDS = 1.0
"""How long the end of listening may take; the connection is closed right after, whatever it does."""


class Owner:
    """One open connection. Made by `start`; a dead one is not revived but replaced."""

    def __init__(
        self, settings: ToolServerConnection, log_directory: Path | None, hearing: Hearing, auth: httpx2.Auth | None
    ) -> None:
        self._settings = settings
        self._auth = auth
        self._hearing = hearing
        is_process = isinstance(settings.server, StdioServer)
        self._log = log_directory / f"{settings.name}.log" if log_directory and is_process else None
        self._group: int | None = None
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._own(), name=f"tool server {settings.name}")
        self._task.add_done_callback(self._note_end)

    @classmethod
    async def start(
        cls, settings: ToolServerConnection, log_directory: Path | None, hearing: Hearing, auth: httpx2.Auth | None
    ) -> "Owner":
        """Connect. ToolServerUnavailable, with a sentence, when that fails or takes longer than the connect timeout."""
        owner = cls(settings, log_directory, hearing, auth)
        try:
            await asyncio.wait({owner._task, owner._ready}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await owner.close()
            raise
        if owner._ready.done():
            return owner
        error = TimeoutError() if owner._task.cancelled() else owner._task.exception() or TimeoutError()
        raise ToolServerUnavailable(why_unavailable(settings, error, str(owner._log or ""))) from error

    @property
    def client(self) -> Client:
        """The connected client."""
        return self._ready.result()

    @property
    def is_alive(self) -> bool:
        """Whether calls can be made; False as soon as the server's side has ended."""
        return not self._stop.is_set() and not self._task.done()

    def retire(self) -> None:
        """Make no more calls here; the connection closes by itself."""
        self._stop.set()

    async def close(self, grace_seconds: float = CLOSE_SECONDS) -> None:
        """Close the connection and wait, for a bounded time, until a child process is gone; one that stays is killed."""
        self._stop.set()
        if not self._ready.done():
            self._task.cancel()
        _, unfinished = await asyncio.wait({self._task}, timeout=grace_seconds)
        if unfinished and self._group is not None:
            kill_group(self._group)
            _, unfinished = await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
        if unfinished:
            logger.warning("Tool server %r did not close within %g s.", self._settings.name, grace_seconds)
            self._task.cancel()

    async def _own(self) -> None:
        async with AsyncExitStack() as stack:
            log = await stack.enter_async_context(kept_log(self._log, Redaction.of([self._settings])))
            async with asyncio.timeout(self._settings.connect_timeout_seconds):
                transport = open_transport(self._settings, log, self._auth, on_started=self._note_group, on_closed=self._stop.set)
                client = await stack.enter_async_context(self._client(transport))
            listening = asyncio.create_task(self._hearing.listen(client))
            try:
                self._ready.set_result(client)
                await self._stop.wait()
            finally:
                listening.cancel()
                await asyncio.wait([listening], timeout=_UNHEARD_SECONDS)

    def _client(self, transport: Any) -> Client:
        return Client(
            transport,
            client_info=_ourselves(),
            cache=None,
            elicitation_callback=self._hearing.elicit,
            message_handler=self._hearing.message,
        )

    def _note_group(self, group: int) -> None:
        self._group = group

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._stop.set()
        if not task.cancelled() and (error := task.exception()) and self._ready.done():
            logger.warning("%s", why_unavailable(self._settings, error, str(self._log or "")))


def _ourselves() -> Implementation:
    return Implementation(name="missions", version="1")

"""Opens the stream to an MCP server: a child process, streamable HTTP, or the older SSE."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self, TextIO

import httpx2
import psutil
from mcp import StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from pydantic import SecretStr

from agent.tools.mcp_http import SurvivingClient
from blueprint.connections import TOOL_SERVER_MARK, HttpServer, StdioServer, ToolServerConnection

_NETWORK_SECONDS = 30.0
_MAX_EVENT_BYTES = 64 * 2**20
_LOOKS, _LOOK_SECONDS = 40, 0.05


@asynccontextmanager
async def open_transport(
    settings: ToolServerConnection,
    log: TextIO,
    auth: httpx2.Auth | None,
    *,
    on_started: Callable[[int], None],
    on_closed: Callable[[], None],
) -> AsyncGenerator[tuple[Any, Any]]:
    """The read and write stream to the server; `on_closed` is called when the server's side ends.

    `on_started` is told the process group of a child process; `auth` signs the requests to an address.

    A child process writes its stderr to `log`, gets HOME, LOGNAME, PATH, SHELL, TERM, USER and what the connection
    gives, nothing else of ours (R9.4), and is gone with its whole process group at the end. OSError when it can't be started.
    """
    async with _streams(settings, log, auth, on_started) as (received, sent):
        yield _Watched(received, on_closed), sent


def kill_group(group: int) -> None:
    """SIGKILL to a process group; no error when it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _streams(
    settings: ToolServerConnection, log: TextIO, auth: httpx2.Auth | None, on_started: Callable[[int], None]
) -> AbstractAsyncContextManager[tuple[Any, Any]]:
    match settings.server:
        case StdioServer() as server:
            return _stdio(server, log, on_started)
        case HttpServer(transport="http") as server:
            return _http(server, settings.call_timeout_seconds, auth)
        case HttpServer() as server:
            return sse_client(
                server.url,
                headers=_revealed(server.headers),
                timeout=_NETWORK_SECONDS,
                sse_read_timeout=settings.call_timeout_seconds + _NETWORK_SECONDS,
                auth=auth,
            )


@asynccontextmanager
async def _http(server: HttpServer, call_seconds: float, auth: httpx2.Auth | None) -> AsyncGenerator[tuple[Any, Any]]:
    # Reading may take as long as a call: the call's own deadline is the one that counts.
    timeout = httpx2.Timeout(_NETWORK_SECONDS, read=call_seconds + _NETWORK_SECONDS)
    async with (
        SurvivingClient(headers=_revealed(server.headers), timeout=timeout, auth=auth) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=_MAX_EVENT_BYTES) as streams,
    ):
        yield streams


@asynccontextmanager
async def _stdio(server: StdioServer, log: TextIO, on_started: Callable[[int], None]) -> AsyncGenerator[tuple[Any, Any]]:
    mark = f"{os.getpid()}-{uuid.uuid4().hex}"
    parameters = StdioServerParameters(
        command=server.command,
        args=list(server.arguments),
        env={**_revealed(server.environment), TOOL_SERVER_MARK: mark},
        cwd=server.directory or None,
        encoding_error_handler="replace",  # with "strict" one odd byte silently ends the stream
    )
    group: int | None = None
    try:
        async with stdio_client(parameters, errlog=log) as streams:
            group = await asyncio.to_thread(_find_group, mark)
            if group is not None:
                on_started(group)
            yield streams
    finally:
        # The SDK kills the group only when the server itself does not leave; its children may stay behind.
        if group is not None:
            kill_group(group)


def _find_group(mark: str) -> int | None:
    """The process group of the child that carries `mark`: the SDK starts each server in a session of its own.

    A child that is just replacing itself with another program, as wrappers do, has no environment for a moment.
    """
    for _ in range(_LOOKS):
        is_starting = False
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                environment = child.environ()
                if environment.get(TOOL_SERVER_MARK) == mark:
                    return child.pid
                is_starting = is_starting or (not environment and child.status() != psutil.STATUS_ZOMBIE)
        if not is_starting:
            return None
        time.sleep(_LOOK_SECONDS)
    return None


def _revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


class _Watched:
    """A read stream that tells when it ends: the SDK's client itself never says that its server has gone."""

    def __init__(self, inner: Any, on_closed: Callable[[], None]) -> None:
        self._inner = inner
        self._on_closed = on_closed

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        return await self._inner.receive()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self._inner.__anext__()
        except StopAsyncIteration:
            self._on_closed()
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, trace)

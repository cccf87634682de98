"""Keeps people's logins to tool servers in Prefect blocks, renewed by one process at a time (R8.1)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import httpx
from prefect.exceptions import PrefectException

from agent.tools.mcp import Authenticate
from agent.tools.mcp_oauth import authentication
from blocks.loading import block_names
from blocks.tool_login import McpLogin
from blueprint.connections import ToolLogin
from blueprint.errors import Unavailable
from flows.opening import open_store

logger = logging.getLogger(__name__)

TURN_SECONDS = 30.0
"""So long another process may take to renew a login before we give up; one that was killed frees its turn at once."""

_PAUSES = (0.5, 1.0, 2.0, 4.0)
T = TypeVar("T")


def by_login() -> Authenticate:
    """What signs the requests to tool servers that ask for OAuth, by the logins of this installation."""
    return partial(authentication, logins=BlockLogins())


@dataclass(frozen=True, kw_only=True)
class BlockLogins:
    """Logins as blocks that have the names of the servers. Prefect may be away for some seconds."""

    async def load(self, server: str) -> ToolLogin | None:
        """The login as it is kept now; None when there is none."""

        async def read() -> ToolLogin | None:
            return (await McpLogin.aload(server)).login() if server in await block_names(McpLogin) else None

        return await _patiently(read, f"The login to tool server {server!r} can't be read")

    async def save(self, server: str, login: ToolLogin) -> None:
        """Keep this login in place of the one before."""
        block = McpLogin(url=login.url, tokens=login.tokens, client=login.client)

        async def write() -> None:
            await block.asave(server, overwrite=True)

        await _patiently(write, f"The login to tool server {server!r} can't be kept")

    async def forget(self, server: str) -> None:
        """Remove the login, if there is one."""
        if server in await block_names(McpLogin):
            await McpLogin.adelete(server)

    @asynccontextmanager
    async def alone(self, server: str) -> AsyncGenerator[None]:
        """The turn to renew this login; Unavailable when another process keeps it for too long."""
        busy = f"the login to {server!r} is being renewed by another process, for {TURN_SECONDS:.0f} s now"
        async with open_store() as store, store.turn(f"tool login:{server}", seconds=TURN_SECONDS, busy=busy):
            yield


async def _patiently(work: Callable[[], Awaitable[T]], problem: str) -> T:
    """What `work` returns, tried again for some seconds: a refresh token that is lost here is lost for good."""
    for pause in _PAUSES:
        try:
            return await work()
        except (httpx.HTTPError, PrefectException, Unavailable) as error:
            logger.warning("%s yet: %s", problem, type(error).__name__)
        await asyncio.sleep(pause)
    try:
        return await work()
    except (httpx.HTTPError, PrefectException) as error:
        raise Unavailable(f"{problem}; the Prefect server does not answer as it should ({type(error).__name__})") from error

"""How tests reach the MCP server behind OAuth: its process, its switches, and the person who logs in to it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import SecretStr

from blueprint.connections import AuthorizationCode, ClientCredentials, HttpServer, ToolLogin, ToolServerConnection
from deployments.local.ports import free_port
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET
from tests.fakes.serving import program


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """The running server."""

    address: str

    def connection(self, oauth: AuthorizationCode | ClientCredentials | None = None) -> ToolServerConnection:
        """It under the name `far`; by a person's login where nothing else is said."""
        server = HttpServer(url=f"{self.address}/mcp", oauth=oauth or AuthorizationCode())
        return ToolServerConnection(name="far", server=server, call_timeout_seconds=10, connect_timeout_seconds=20)

    def credentials(self, secret: str = CLIENT_SECRET) -> ClientCredentials:
        """Those that it knows."""
        return ClientCredentials(client_id=CLIENT_ID, client_secret=SecretStr(secret), issuer=self.address)

    async def do(self, how: str) -> None:
        """Expire, revoke, refuse, break, mend or reset it."""
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.address}/{how}")).raise_for_status()

    async def seen(self) -> list[str]:
        """The grants that it was asked for so far."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"{self.address}/seen")).json()


@dataclass(kw_only=True)
class MemoryLogins:
    """Logins that several toolsets share, as processes share those of an installation."""

    kept: dict[str, ToolLogin] = field(default_factory=dict[str, ToolLogin])
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def load(self, server: str) -> ToolLogin | None:
        """The login as it is kept now."""
        return self.kept.get(server)

    async def save(self, server: str, login: ToolLogin) -> None:
        """Keep it."""
        self.kept[server] = login

    def alone(self, server: str) -> AbstractAsyncContextManager[None]:
        """One at a time."""
        return self._alone()

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        async with self.turn:
            yield


@dataclass(kw_only=True)
class Person:
    """A browser whose owner goes where they are led; what the authorisation server sends them back with is kept."""

    redirect_uri: str = "http://127.0.0.1:1/back"
    brought: dict[str, str] = field(default_factory=dict[str, str])

    async def lead(self, address: str) -> None:
        """Go there."""
        async with httpx.AsyncClient(trust_env=False) as client:
            back = (await client.get(address)).headers["location"]
        assert back.startswith(self.redirect_uri)
        self.brought = dict(parse_qsl(urlsplit(back).query))

    async def answer(self) -> Mapping[str, str]:
        """What they came back with."""
        return self.brought


@asynccontextmanager
async def guarded_server() -> AsyncGenerator[Guarded]:
    """The server in a process of its own; gone afterwards."""
    port = free_port()
    async with program("-m", "tests.fakes.oauth_server", "--port", str(port), port=port):
        yield Guarded(address=f"http://127.0.0.1:{port}")

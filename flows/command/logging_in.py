"""Leads a person through the login to a tool server: they sign in elsewhere, and come back to a port of this machine."""

import asyncio
import contextlib
import socket
import webbrowser
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from blueprint.errors import InvalidInput, ToolServerUnavailable
from flows.command.output import say

LOGIN_SECONDS = 600
"""So long a person may take at the authorisation server."""

_STOP_SECONDS = 5
_PATH = "/callback"


@dataclass(kw_only=True)
class LocalVisit:
    """A visit that ends at a port of this machine; only who was led away, and so knows `state`, comes back."""

    redirect_uri: str
    came_back: asyncio.Future[Mapping[str, str]]
    opens_browser: bool
    state: str = ""

    async def lead(self, address: str) -> None:
        """Show the address, and open it where there is a browser."""
        self.state = dict(parse_qsl(urlsplit(address).query)).get("state", "")
        say(f"Open this address, and let Missions in:\n\n  {address}\n\nWaiting for you to come back to {self.redirect_uri} …")
        if self.opens_browser:
            await asyncio.to_thread(webbrowser.open, address)

    async def answer(self) -> Mapping[str, str]:
        """The parameters with which the person came back; ToolServerUnavailable when they did not in time."""
        try:
            return await asyncio.wait_for(asyncio.shield(self.came_back), LOGIN_SECONDS)
        except TimeoutError as error:
            raise ToolServerUnavailable(f"nobody came back from the login within {LOGIN_SECONDS // 60} minutes") from error


@contextlib.asynccontextmanager
async def local_visit(port: int, *, opens_browser: bool) -> AsyncGenerator[LocalVisit]:
    """A visit that ends at `port` of this machine, or at any free one where that is 0."""
    came_back: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def callback(request: Request) -> Response:
        if not visit.state or request.query_params.get("state") != visit.state:
            return PlainTextResponse("This is not the login that Missions waits for.", HTTPStatus.FORBIDDEN)
        if not came_back.done():
            came_back.set_result(dict(request.query_params))
        return PlainTextResponse("Thank you. The terminal says how it went; this page can be closed.")

    with _listener(port) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}{_PATH}"
        visit = LocalVisit(redirect_uri=address, came_back=came_back, opens_browser=opens_browser)
        server = _Server(uvicorn.Config(Starlette(routes=[Route(_PATH, callback)]), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield visit
        finally:
            server.should_exit = True
            await asyncio.wait([serving], timeout=_STOP_SECONDS)


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise InvalidInput(f"Port {port} can't be used ({error.strerror}); give a free one with --port.") from error


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # Ctrl-C is the command's

"""Serves over real HTTP on a loopback port for the length of a test: a Starlette application, or a program of its own."""

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from tests.fakes.counter import wait_until

_STOP_SECONDS = 5
_ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncGenerator[str]:
    """The address of the running application, without a slash at its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        async with asyncio.timeout(_STOP_SECONDS):
            await running


@contextlib.asynccontextmanager
async def program(*arguments: str, port: int, errors: int = DEVNULL) -> AsyncGenerator[None]:
    """Python with these arguments, run from the project's root, once it listens on the port; killed afterwards.

    What it prints goes into the open file `errors`.
    """
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=_ROOT, stdout=errors, stderr=errors)
    try:
        await wait_until(lambda: process.returncode is not None or _is_open(port))
        assert process.returncode is None, f"{arguments} ended at once"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # signals are the test runner's

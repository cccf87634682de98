"""The processes of `missions up`, one after the other: database, Prefect server, service, worker (R8.4)."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from pydantic import SecretStr

from blueprint.errors import Unavailable
from deployments.local.addresses import Addresses, published, sole_stack
from deployments.local.data_directory import open_home
from deployments.local.database import open_database
from deployments.local.environment import child_environment, server_url, service_address
from deployments.local.ports import lasting_port, require_free_port
from deployments.local.process import Program, kept_running
from deployments.local.settings import LocalSettings

WORK_POOL = "missions"
_SERVER_SECONDS = 120.0  # the first start makes Prefect's tables; a slow disk takes its time
_SERVICE_SECONDS = 60.0
_REQUEST_SECONDS = 5.0
_REPORT_SECONDS = 10.0  # what the worker needs at its end beyond the runs' time
_FIRST_WORK_SECONDS = 60.0
"""The first thing that a server is asked to do takes long on a busy machine, long after it has said that it is healthy."""
_THERE_ALREADY = 409
_PREFECT = (sys.executable, "-P", "-m", "prefect")
# No --limit: with one the worker dies of a run that people answer while the process that asked is still ending.
_STOCK_WORKER = (*_PREFECT, "worker", "start", "--type", "process", "--pool", WORK_POOL)


@asynccontextmanager
async def running_stack(
    settings: LocalSettings,
    *,
    prepare: Callable[[Addresses], Awaitable[None]],
    service_command: Sequence[str],
    preload: Sequence[str] = (),
) -> AsyncGenerator[Addresses]:
    """The stack, ready; all of it is stopped in the end, in reverse order, and no process is left.

    `prepare` is called once the Prefect server answers and has the work pool, before service and worker start. The service
    listens on loopback, on the port MISSIONS_SERVICE_PORT of its environment, and answers GET /health when it is ready.
    `preload` are the modules that the warm worker imports once for all runs.
    Raises InvalidInput when port or data directory can't be used, Unavailable when a part does not start.
    """
    home = open_home(settings.home)
    async with AsyncExitStack() as parts:
        lock = await parts.enter_async_context(sole_stack(home, server_url(settings)))
        require_free_port(settings.host, settings.port)
        database = await parts.enter_async_context(open_database(home, settings.database_url.get_secret_value()))
        temporary = parts.enter_context(_temporary_folder(home))
        port = lasting_port(home, settings.service_port, near=settings.port)
        environment = child_environment(
            settings, caller=os.environ, database_url=database.url, service_port=port, temporary=temporary
        )
        programs = _programs(settings, environment, service_command, preload, lock)
        addresses = _addresses(settings, database.url, port)
        await parts.enter_async_context(kept_running(programs.server, partial(_is_healthy, addresses.api_url), _SERVER_SECONDS))
        await _ensure_work_pool(addresses, settings.worker_limit)
        await prepare(addresses)
        await parts.enter_async_context(
            kept_running(programs.service, partial(_is_healthy, addresses.service_url), _SERVICE_SECONDS)
        )
        await parts.enter_async_context(kept_running(programs.worker, _at_once, within=0))
        parts.enter_context(published(home, addresses))
        yield addresses


async def run_until_signal(stack: AbstractAsyncContextManager[Addresses], announce: Callable[[Addresses], None]) -> None:
    """Run the stack until SIGINT or SIGTERM, which also end a start that is under way; `announce` is called when it is ready."""

    async def run() -> None:
        async with stack as addresses:
            announce(addresses)
            await asyncio.Event().wait()

    running = asyncio.create_task(run(), name="stack")

    def stop() -> None:
        if not running.cancelling():  # a second signal does not cut the orderly stop short: that one is bounded
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await asyncio.wait([running])
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    if not running.cancelled():
        running.result()


@dataclass(frozen=True, kw_only=True)
class _Programs:
    server: Program
    service: Program
    worker: Program


def _programs(
    settings: LocalSettings, environment: dict[str, str], service_command: Sequence[str], preload: Sequence[str], lock: int
) -> _Programs:
    home = settings.home
    program = partial(Program, environment=environment, directory=home, held=(lock,))
    address = ("--host", settings.host, "--port", str(settings.port))
    worker = _warm_worker(settings.stop_seconds, preload) if settings.worker == "warm" else _STOCK_WORKER
    return _Programs(
        server=program(name="Prefect server", command=(*_PREFECT, "server", "start", *address), log=home / "logs" / "server.log"),
        service=program(name="service", command=tuple(service_command), log=home / "logs" / "service.log"),
        worker=program(
            name="worker",
            command=worker,
            log=home / "logs" / "worker.log",
            grace_seconds=settings.stop_seconds + _REPORT_SECONDS,
        ),
    )


def _warm_worker(stop_seconds: int, preload: Sequence[str]) -> tuple[str, ...]:
    options = ("--pool", WORK_POOL, "--stop-seconds", str(stop_seconds))
    return (sys.executable, "-P", "-m", "deployments.worker", *options, *preload)


def _addresses(settings: LocalSettings, database_url: str, service_port: int) -> Addresses:
    url = server_url(settings)
    return Addresses(
        api_url=f"{url}/api",
        ui_url=url,
        service_url=service_address(service_port),
        database_url=SecretStr(database_url),
        api_auth_string=settings.api_auth_string,
        pid=os.getpid(),
    )


@contextmanager
def _temporary_folder(home: Path) -> Generator[Path]:
    """The processes' folder for temporary files: what killed ones leave there goes with it."""
    folder = home / "tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _is_healthy(url: str) -> bool:
    async with _http() as client:
        try:
            return (await client.get(f"{url}/health")).is_success
        except httpx.TransportError:
            return False


async def _ensure_work_pool(addresses: Addresses, limit: int) -> None:
    """The pool, where `limit` runs work at once. Deployments need it before the worker, which gives it its template, starts."""
    url = f"{addresses.api_url}/work_pools/"
    name, _, password = addresses.api_auth_string.get_secret_value().partition(":")
    async with _http(_FIRST_WORK_SECONDS) as client:
        client.auth = (name, password)
        answer = await client.post(url, json={"name": WORK_POOL, "type": "process", "concurrency_limit": limit})
        if answer.status_code == _THERE_ALREADY:
            answer = await client.patch(f"{url}{WORK_POOL}", json={"concurrency_limit": limit})
    if not answer.is_success:
        raise Unavailable(f"The Prefect server at {url} refused the work pool {WORK_POOL!r}: {answer.text[:500]}")


async def _at_once() -> bool:
    """The worker has no door to knock at; runs wait until it asks for them."""
    return True


def _http(seconds: float = _REQUEST_SECONDS) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=seconds, trust_env=False)  # a proxy has no business on loopback

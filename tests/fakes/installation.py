"""A whole installation as its users have it: `missions up` in a process of its own, and the command beside it."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from prefect.client.orchestration import PrefectClient
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_UI_URL, temporary_settings
from prefect.types import SecretDict

from blocks.digital_employee import DigitalEmployee
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blocks.store.store import Store
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.policy import RiskPolicy
from blueprint.records import RunRecord
from blueprint.requests import Request, RequestState
from blueprint.triggers import Manual, Trigger
from deployments.local.addresses import Addresses, read_addresses
from deployments.local.ports import free_port
from flows.creation.launching import launch_plan
from flows.opening import open_store
from flows.starting import start_task

START_SECONDS = 240
RUN_SECONDS = 150


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


@dataclass(kw_only=True)
class Installation:
    """A data directory, and the processes that work on it while it is `running`."""

    home: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict[str, str])
    process: Process | None = None

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MISSIONS_"))}
        own = {"MISSIONS_HOME": str(self.home), "MISSIONS_PORT": str(self.port), "MISSIONS_LEASE_SECONDS": "4"}
        return kept | own | self.environment

    @property
    def _login(self) -> str:
        return self.environment.get("MISSIONS_API_AUTH_STRING", "")

    @property
    def addresses(self) -> Addresses:
        """Where it is reached; it must run."""
        addresses = read_addresses(self.home)
        assert addresses is not None, self.log("up")
        return addresses

    def log(self, name: str) -> str:
        """What a process has written so far."""
        path = self.home.parent / "up.log" if name == "up" else self.home / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def up(self) -> None:
        """Start `missions up` and wait until it is ready."""
        with (self.home.parent / "up.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_missions("up"), env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        async with asyncio.timeout(START_SECONDS):
            while read_addresses(self.home) is None:
                assert self.process.returncode is None, self.log("up")
                await asyncio.sleep(0.1)

    async def down(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, and wait until it has ended."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await asyncio.wait_for(self.process.wait(), 60)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Up inside, and this process's Prefect clients speak to it; down after."""
        await self.up()
        try:
            with self.chosen():
                yield
        finally:
            await self.down()

    @contextmanager
    def chosen(self) -> Generator[None]:
        """This process's Prefect clients and blocks are those of this installation."""
        url = f"http://127.0.0.1:{self.port}"
        login = {PREFECT_API_AUTH_STRING: self._login} if self._login else {}
        with temporary_settings(updates={PREFECT_API_URL: f"{url}/api", PREFECT_UI_URL: url} | login):
            yield

    async def command(self, *arguments: str, **environment: str) -> Outcome:
        """Run `missions …` as a person would, without a terminal."""
        process = await asyncio.create_subprocess_exec(
            *_missions(*arguments),
            env=self._environment | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        stdout, stderr = await asyncio.wait_for(process.communicate(), RUN_SECONDS)
        return Outcome(code=process.returncode or 0, stdout=stdout.decode(), stderr=stderr.decode())

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[Store]:
        """The installation's store."""
        with self.chosen():
            async with open_store() as opened:
                yield opened

    def client(self) -> PrefectClient:
        """A client of the installation's Prefect server, for `async with`."""
        return PrefectClient(api=f"http://127.0.0.1:{self.port}/api", auth_string=self._login or None)

    async def employ(
        self,
        *,
        model_url: str = "",
        model: str = "scripted",
        servers: Sequence[ToolServerConnection] = (),
        patience: float = 0,
        price: float = 0,
    ) -> str:
        """A new Digital Employee with a model at `model_url` (the rehearsal's when empty) and stdio servers; gives its name.

        `price` is that of a million tokens of input, and a quarter of that of output.
        """
        name = f"test-{uuid4().hex[:8]}"
        with self.chosen():
            if model_url:
                await ModelEndpoint(
                    base_url=model_url,
                    model=model,
                    max_retries=1,
                    patience_seconds=patience,
                    price_per_million_input=price,
                    price_per_million_output=4 * price,
                ).asave(name)
            for server in servers:
                await _block(server).asave(server.name, overwrite=True)
            employee = DigitalEmployee(
                title=name,
                role="You test.",
                model=name if model_url else "rehearsal",
                servers=[server.name for server in servers] or ["host"],
            )
            await employee.asave(name)
        return name

    async def launch(self, *tasks: Task, employee: str = "default", policy: RiskPolicy | None = None) -> Mission:
        """A Mission in force with these Tasks, without a planner."""
        now = datetime.now(UTC)
        mission = Mission(
            id=f"m-{uuid4().hex[:10]}", title="Tested", goal="Test.", employee=employee, created_at=now, active_at=now
        )
        plan = Blueprint(title="Tested", goal="Test.", timezone="UTC", tasks=tasks, risk_policy=policy or RiskPolicy())
        async with self.store() as store:
            await store.missions.add(mission)
            version = await store.plans.add(mission.id, plan, now)
            await launch_plan(store, mission.id, version=version, digest=plan.digest, by="test", problems=[])
            return await store.missions.get(mission.id)

    async def start(self, mission: Mission, task: str = "work") -> str:
        """Start a run of a Task by hand; gives its id."""
        async with self.store() as store, self.client() as client:
            assert mission.plan_version is not None
            return await start_task(client, mission, await store.plans.get(mission.id, mission.plan_version), task)

    async def ended(self, run_id: str, seconds: float = RUN_SECONDS) -> RunRecord:
        """The run's record once its report is out; TimeoutError with what is known after `seconds`."""
        async with self.store() as store:
            try:
                async with asyncio.timeout(seconds):
                    while (record := await store.runs.find_started(run_id)) is None or not record.report_path:
                        await asyncio.sleep(0.1)
            except TimeoutError as error:
                raise TimeoutError(f"{await store.runs.find_started(run_id)}\n{self.log('worker')[-4000:]}") from error
        return record

    async def asked(self, run_id: str, seconds: float = RUN_SECONDS) -> Request:
        """The open request of a run once it has one and its process has ended its wait; TimeoutError after `seconds`."""
        async with self.store() as store:
            async with asyncio.timeout(seconds):
                while True:
                    requests = await store.requests.of_run(run_id)
                    found = [request for request in requests if request.state is RequestState.OPEN]
                    if found:
                        return found[-1]
                    await asyncio.sleep(0.1)
        raise AssertionError("the loop above ends by itself")

    def processes(self) -> list[psutil.Process]:
        """Every process that works for this data directory."""
        return [process for process in psutil.process_iter() if _belongs(process, self.home)]


def task(name: str = "work", *, trigger: Trigger | None = None, **fields: Any) -> Task:
    """A Task with as little as possible in it."""
    return Task(name=name, title=name, instructions="Do the work.", trigger=trigger or Manual(), **fields)


@contextmanager
def open_folder() -> Generator[Path]:
    """A folder that any account can enter, gone after: as root, PostgreSQL runs as another account."""
    folder = Path(tempfile.mkdtemp(prefix="missions-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for process in psutil.process_iter():
            if _belongs(process, folder):
                process.kill()
        shutil.rmtree(folder)


def _block(server: ToolServerConnection) -> McpServer:
    block = (
        _program(server.server) if isinstance(server.server, StdioServer) else McpServer(transport="http", url=server.server.url)
    )
    block.call_timeout_seconds, block.connect_timeout_seconds = server.call_timeout_seconds, server.connect_timeout_seconds
    return block


def _program(server: StdioServer) -> McpServer:
    environment = {name: value.get_secret_value() for name, value in server.environment.items()}
    return McpServer(
        command=server.command,
        arguments=list(server.arguments),
        environment=SecretDict(environment),
        directory=server.directory,
    )


def _missions(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "flows.command.main", *arguments]


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        said = [*process.cmdline(), *(f"{name}={value}" for name, value in process.environ().items())]
    except psutil.Error:
        return False
    return any(str(folder) in part for part in said) and process.pid != os.getpid()

"""A Prefect worker of type process that forks its runs from a warm interpreter and is woken by events.

The one file that uses private parts of Prefect: it belongs to the pinned version. The stock worker can take its place.
"""
# pyright: reportPrivateUsage=false

import asyncio
import os
import signal
from abc import ABC
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.flows import load_flow_from_flow_run
from prefect.runner._control_channel import ControlChannel
from prefect.runner._flow_run_executor import FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle, create_isolated_termination_scope
from prefect.runner._state_proposer import StateProposer
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from deployments.worker.calls import scheduled_runs
from deployments.worker.child import STOP_SIGNAL
from deployments.worker.forking import Fork, Forks
from deployments.worker.leftovers import kill_tool_servers

_ASK_SECONDS = 0.5
_DYING_SECONDS = 3.0


class WarmWorker(ProcessWorker, ABC):  # ABC: Prefect would register it in place of its own process worker
    """Runs what is scheduled in one work pool; how many at once is the pool's concurrency limit.

    Not Prefect's own `limit`: with one, a worker dies of a run that people answer while the process that asked is still ending.
    A deployment that brings a command of its own is run as the stock worker does.
    """

    def __init__(self, work_pool_name: str, *, forks: Forks) -> None:
        super().__init__(work_pool_name)
        self._forks = forks
        self._at_work: set[Fork] = set()
        self._asking = asyncio.Lock()
        self._is_stopping = False
        self._listening: asyncio.Task[None] | None = None

    async def setup(self) -> None:
        """As Prefect's; then it listens."""
        await super().setup()
        self._listening = asyncio.create_task(self._listen(), name="listen for runs")

    async def teardown(self, *exc_info: Any) -> None:
        """As Prefect's."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        await super().teardown(*exc_info)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """As Prefect's; called by its poll each second, and by events, never twice at a time."""
        async with self._asking:
            return [] if self._is_stopping else await super().get_and_submit_flow_runs()

    async def run(
        self, flow_run: FlowRun, configuration: ProcessJobConfiguration, task_status: TaskStatus[int] | None = None
    ) -> ProcessWorkerResult:
        """Run it to its end; a crash is reported once, and not by whoever called."""
        if configuration._command_configured:
            return await super().run(flow_run, configuration, task_status)
        directory = nullcontext(configuration.working_dir) if configuration.working_dir else TemporaryDirectory(suffix="prefect")
        with directory as place:
            async with FlowRunExecutorContext() as context:
                context._cancellation_manager._state_proposer = _Proposer(client=context.client)
                starter = _Starter(
                    forks=self._forks,
                    at_work=self._at_work,
                    channel=context.control_channel,
                    environment=configuration.env,
                    directory=Path(place),
                )
                executor = context.create_executor(
                    flow_run, starter, resolve_flow=load_flow_from_flow_run, propose_submitting=False
                )
                pid = 0
                async with anyio.create_task_group() as group:
                    handle: ProcessHandle = await group.start(executor.submit)
                    pid = handle.pid or 0
                    if task_status is not None:
                        task_status.started(pid)
        await self._ask()  # there is room for another one
        return ProcessWorkerResult(status_code=0, identifier=str(pid))

    async def stop(self, seconds: float) -> None:
        """Take no more runs, and let those at work finish the step they are in; what has not ended in time is killed."""
        self._is_stopping = True
        self._logger.info("Told to stop: %s runs finish the step they are in, in %.0f s at most.", len(self._at_work), seconds)
        with anyio.move_on_after(seconds):
            if self._submitting_flow_run_ids:
                await asyncio.sleep(_ASK_SECONDS)  # those that are being taken come so far that they can be asked
            while self._at_work:
                for fork in self._at_work:
                    fork.send(STOP_SIGNAL)
                await asyncio.sleep(_ASK_SECONDS)
        for fork in self._at_work:
            self._logger.warning("Process %s did not finish its step in time; it is killed, its run goes on later.", fork.pid)
            fork.send(signal.SIGKILL)
        with anyio.move_on_after(_DYING_SECONDS):
            while self._at_work:
                await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        while self._work_pool is None:
            await asyncio.sleep(1)
        async for _ in scheduled_runs(self._work_pool.id):
            await self._ask()

    async def _ask(self) -> None:
        """Ask for runs now. When that fails, the poll asks again within a second."""
        try:
            await self.get_and_submit_flow_runs()
        except Exception:
            self._logger.exception("The Prefect server could not be asked for runs.")


class _Proposer(StateProposer):
    """Does not write its own words over those of a run that has said by itself why it was cancelled."""

    async def propose_cancelled(self, flow_run: FlowRun, state_updates: dict[str, Any] | None = None) -> bool:
        state = (await self._client.read_flow_run(flow_run.id)).state
        return (state is not None and state.is_cancelled()) or await super().propose_cancelled(flow_run, state_updates)


@dataclass(frozen=True, kw_only=True)
class _Starter:
    """Starts the process of one run, for Prefect's executor."""

    forks: Forks
    at_work: set[Fork]
    channel: ControlChannel
    environment: Mapping[str, str | None]
    directory: Path

    async def start(self, flow_run: FlowRun, task_status: TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED) -> None:
        fork = await self.forks.start(self._changes(flow_run), self.directory)
        self.at_work.add(fork)
        code = None
        try:
            scope = create_isolated_termination_scope(fork.pid)
            task_status.started(ProcessHandle(fork.process, scope))  # pyright: ignore[reportArgumentType] same methods
            code = await fork.ended()
        finally:
            self.at_work.discard(fork)
            fork.send(signal.SIGKILL)  # it is alive when the worker ends first; else what it left in its group
            if code != 0:
                kill_tool_servers(fork.pid)

    def _changes(self, flow_run: FlowRun) -> dict[str, str | None]:
        """How the run's environment differs from the worker's."""
        port, token = self.channel.register(flow_run.id)
        wanted = dict(self.environment) | {
            "PREFECT__FLOW_RUN_ID": str(flow_run.id),
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
            "PREFECT__CONTROL_PORT": str(port),
            "PREFECT__CONTROL_TOKEN": token,
        }
        present = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)
        return {name: value for name, value in wanted.items() if present.get(name) != value}

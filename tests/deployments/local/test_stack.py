"""The stack of `missions up`: ready as a whole, one per data directory, and nothing is left of it however it ends."""

import asyncio
import os
import signal
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from blueprint.errors import InvalidInput
from deployments.local.addresses import Addresses, read_addresses
from deployments.local.ports import free_port, require_free_port
from deployments.local.settings import LocalSettings
from deployments.local.stack import WORK_POOL, running_stack
from tests.deployments.local.hold_stack import SERVICE_COMMAND, prepare_nothing
from tests.deployments.local.processes import PROJECT, first_line, processes_of, started, until


def stack_of(home: Path, port: int) -> AbstractAsyncContextManager[Addresses]:
    settings = LocalSettings(home=home, port=port)
    return running_stack(settings, prepare=prepare_nothing, service_command=SERVICE_COMMAND)


async def test_it_is_ready_inside_alone_on_its_data_directory_and_gone_after(home: Path) -> None:
    port = free_port()
    async with stack_of(home, port) as addresses:
        assert addresses == read_addresses(home)
        assert addresses.api_url == f"http://127.0.0.1:{port}/api"
        assert os.stat(home / "stack.json").st_mode & 0o777 == 0o600
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{addresses.service_url}/health")).is_success
            assert (await client.get(f"{addresses.api_url}/work_pools/{WORK_POOL}")).json()["type"] == "process"
        with pytest.raises(InvalidInput, match=rf"already runs .* process {os.getpid()}, http://127.0.0.1:{port}\."):
            async with stack_of(home, free_port()):
                pass
        assert read_addresses(home) == addresses
    assert read_addresses(home) is None
    assert processes_of(home) == []
    require_free_port("127.0.0.1", port)


async def test_sigterm_stops_everything(home: Path) -> None:
    with started("hold_stack", str(home), str(free_port())) as stack:
        first_line(stack)
        stack.send_signal(signal.SIGTERM)
        assert stack.wait(30) == 0
    assert processes_of(home) == []
    assert sorted(os.listdir(home)) == ["database", "logs", "prefect", "service.port", "stack.lock"]


@pytest.mark.parametrize("worker", ["warm", "stock"])
async def test_after_sigkill_nothing_stays_not_even_a_run_and_the_next_one_starts_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, worker: str
) -> None:
    monkeypatch.setenv("MISSIONS_WORKER", worker)
    port = free_port()
    with started("hold_stack", str(home), str(port)) as stack:
        first_line(stack)
        await run_sleeping_flow(addresses_of(home), home)
        left = processes_of(home)
        stack.kill()
        stack.wait()
        assert read_addresses(home) is None
        async with stack_of(home, port) as addresses:
            assert addresses.pid == os.getpid()
            assert not any(process.is_running() for process in left)


async def test_a_signal_during_the_start_ends_it(home: Path) -> None:
    with started("hold_stack", str(home), str(free_port())) as stack:
        await until(lambda: (home / "logs/server.log").exists())
        stack.send_signal(signal.SIGINT)
        assert stack.wait(30) == 0
        assert first_line(stack) == ""
    assert processes_of(home) == []


async def test_a_taken_port_is_an_error_before_anything_starts(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=rf"Port {port} on '127.0.0.1' can't be used: another program has it.*--port"):
            async with stack_of(home, port):
                pass
    assert sorted(os.listdir(home)) == ["logs", "stack.lock"]


def addresses_of(home: Path) -> Addresses:
    addresses = read_addresses(home)
    assert addresses is not None
    return addresses


async def run_sleeping_flow(addresses: Addresses, home: Path) -> None:
    """Create a deployment and a run of it, and wait until its process works."""
    async with httpx.AsyncClient(base_url=addresses.api_url, timeout=10) as client:
        flow = await created(client, "/flows/", name="sleeping")
        deployment = await created(
            client,
            "/deployments/",
            name="sleeping",
            flow_id=flow,
            work_pool_name=WORK_POOL,
            entrypoint="tests.deployments.local.sleeping_flow.sleeping",
            pull_steps=[],
            job_variables={"working_dir": str(PROJECT)},
        )
        run = await created(client, f"/deployments/{deployment}/create_flow_run", state={"type": "SCHEDULED"})
        async with asyncio.timeout(60):
            while not _is_at_work(found := (await client.get(f"/flow_runs/{run}")).json()):
                await asyncio.sleep(0.1)
    assert int(found["infrastructure_pid"]) in [process.pid for process in processes_of(home)]


async def created(client: httpx.AsyncClient, path: str, **body: Any) -> str:
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()["id"]


def _is_at_work(flow_run: dict[str, Any]) -> bool:
    return flow_run["state"]["type"] == "RUNNING" and flow_run["infrastructure_pid"] is not None

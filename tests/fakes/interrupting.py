"""How tests kill a run's process, keep the reconciler from mending, and wait for what Prefect says about the run."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
from prefect.client.schemas.objects import State

from blocks.store.store import Store
from tests.fakes.installation import Installation

BACK_SECONDS = 150
"""A run goes on by itself (R4.8), on a quiet machine within 60 s; the tests may meet a busy one."""


async def kill_run(installation: Installation, run_id: str) -> int:
    """SIGKILL the process that works on the run; gives its id."""
    async with installation.client() as client:
        pid = int((await client.read_flow_run(UUID(run_id))).infrastructure_pid or 0)
    assert pid > 1
    os.kill(pid, signal.SIGKILL)
    return pid


async def reaches(installation: Installation, run_id: str, *names: str, seconds: float = BACK_SECONDS) -> State:
    """The run's Prefect state once it has one of these names; TimeoutError, with the present one, after `seconds`."""
    state: State | None = None
    async with installation.client() as client:
        try:
            async with asyncio.timeout(seconds):
                while state is None or state.name not in names:
                    await asyncio.sleep(0.1)
                    with suppress(httpx.TransportError):  # the server itself may have been killed
                        state = (await client.read_flow_run(UUID(run_id))).state
        except TimeoutError as error:
            raise TimeoutError(
                f"{run_id} is {state!r}, not {names}\n{installation.log('worker')[-3000:]}\n{installation.log('service')[-3000:]}"
            ) from error
    return state


@asynccontextmanager
async def no_reconciler(store: Store) -> AsyncGenerator[None]:
    """Nobody else mends meanwhile."""
    async with asyncio.timeout(30):
        while True:
            async with store.advisory_lock("reconcile") as is_ours:
                if is_ours:
                    yield
                    return
            await asyncio.sleep(0.05)

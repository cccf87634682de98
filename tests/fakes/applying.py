"""Applies a plan in a process that is killed right after one of its writes."""

import asyncio
import os
import signal

import httpx
from prefect.client.orchestration import PrefectClient

from deployments.apply import apply
from deployments.spec import DeploymentPlan


def apply_and_die(api: str, plan: DeploymentPlan, writes: int) -> None:
    """Apply until Prefect has answered so many writing requests, then die by SIGKILL; exit code 0 when there were fewer."""
    asyncio.run(_apply(api, plan, writes))


async def _apply(api: str, plan: DeploymentPlan, writes: int) -> None:
    async with PrefectClient(api=api, httpx_settings={"event_hooks": {"response": [_Killer(writes)]}}) as client:
        await apply(plan, client, is_paused=False)


class _Killer:
    def __init__(self, writes: int) -> None:
        self._left = writes

    async def __call__(self, response: httpx.Response) -> None:
        request = response.request
        self._left -= request.method != "GET" and not request.url.path.endswith("/filter")
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

"""The real Alertmanager, where Debian's package is installed."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deployments.local.ports import free_port

START_SECONDS = 60
PROGRAM = "prometheus-alertmanager"

needs_alertmanager = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="no Alertmanager here; .ci/run installs it")


@asynccontextmanager
async def alertmanager(config: Path) -> AsyncGenerator[str]:
    """The address of an Alertmanager with this configuration; gone afterwards."""
    port = free_port()
    options = [f"--config.file={config}", f"--storage.path={config.parent}", "--cluster.listen-address="]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *options, f"--web.listen-address=127.0.0.1:{port}", stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                assert process.returncode is None
                try:
                    if (await http.get(f"http://127.0.0.1:{port}/-/ready")).is_success:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)

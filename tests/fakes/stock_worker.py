"""Prefect's own worker, started by hand beside an installation as docs/operations.md tells."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from deployments.local.stack import WORK_POOL
from tests.fakes.installation import Installation

_END_SECONDS = 60


@asynccontextmanager
async def stock_worker(here: Installation, log: Path, pool: str = WORK_POOL) -> AsyncGenerator[None]:
    """`prefect worker start` with what a run needs in its environment; ended by SIGTERM."""
    own = {"PREFECT_API_URL": here.addresses.api_url, "PREFECT_HOME": str(here.home / "prefect")}
    needed = {"MISSIONS_HOME": str(here.home), "MISSIONS_LEASE_SECONDS": "4", "PREFECT_WORKER_QUERY_SECONDS": "1"}
    command = (sys.executable, "-P", "-m", "prefect", "worker", "start", "--type", "process", "--pool", pool)
    with log.open("wb") as output:
        worker = await asyncio.create_subprocess_exec(*command, env=os.environ | own | needed, stdout=output, stderr=output)
    try:
        yield
    finally:
        worker.terminate()
        await asyncio.wait_for(worker.wait(), _END_SECONDS)

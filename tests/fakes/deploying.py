"""Prefect's own command, as people use it on a file of deployments."""

import asyncio
import os
import sys
from pathlib import Path

from tests.fakes.installation import Installation

ROOT = Path(__file__).parents[2]


async def deploy(installation: Installation, *options: str) -> None:
    """`prefect --no-prompt deploy --all` in the repository, to this installation."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", *options),
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": installation.addresses.api_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, said.decode()

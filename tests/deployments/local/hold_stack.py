"""Runs a stack as `missions up` does, with a trivial service and nothing to prepare; says its pid when it is ready."""

import asyncio
import sys
from pathlib import Path

from blueprint.errors import MissionsError
from deployments.local.addresses import Addresses
from deployments.local.settings import LocalSettings
from deployments.local.stack import run_until_signal, running_stack

SERVICE_COMMAND = (sys.executable, str(Path(__file__).with_name("trivial_service.py")))


async def prepare_nothing(_addresses: Addresses) -> None:
    """In place of registering blocks and deployments."""


def say(addresses: Addresses) -> None:
    """One line, for whoever waits for it."""
    print(addresses.pid, flush=True)


if __name__ == "__main__":
    settings = LocalSettings(home=Path(sys.argv[1]), port=int(sys.argv[2]))
    stack = running_stack(settings, prepare=prepare_nothing, service_command=SERVICE_COMMAND)
    try:
        asyncio.run(run_until_signal(stack, say))
    except MissionsError as error:
        print(error, flush=True)

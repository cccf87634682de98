"""Wires the local stack: what is prepared in store and Prefect before service and worker start."""

import sys
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

from blocks.link_key import ensure_link_key
from blocks.registry import ensure_defaults, register_blocks
from blocks.store.migrate import migrate
from blocks.store.store import open_store
from deployments.local.addresses import Addresses
from deployments.local.settings import LocalSettings
from deployments.local.stack import running_stack
from flows.system import register_system_flows

PRELOAD = (
    "flows.run_task",
    "flows.create",
    "flows.reply",
    "flows.report",
    "flows.converse",
    "flows.states",
    # what these, and Prefect's engine, import at their first use
    "openai.resources.chat.completions",
    "httpcore2",
    "truststore",
    "prefect.task_engine",
    "prefect.utilities.visualization",
)
"""What the runs of this installation import."""
SERVICE_COMMAND = (sys.executable, "-P", "-m", "flows.service")


def local_stack(settings: LocalSettings) -> AbstractAsyncContextManager[Addresses]:
    """Everything of `missions up`, ready inside the `async with`."""

    async def prepare(addresses: Addresses) -> None:
        url = addresses.database_url.get_secret_value()
        with speaking_to(addresses):
            await prepare_installation(settings.home, database_url=url, service_url=addresses.service_url)

    return running_stack(settings, prepare=prepare, service_command=SERVICE_COMMAND, preload=PRELOAD)


@contextmanager
def speaking_to(addresses: Addresses) -> Generator[None]:
    """This process's Prefect clients and blocks are those of this stack meanwhile."""
    chosen = {PREFECT_API_URL: addresses.api_url, PREFECT_UI_URL: addresses.ui_url}
    login = addresses.api_auth_string.get_secret_value()
    with temporary_settings(updates=chosen | ({PREFECT_API_AUTH_STRING: login} if login else {})):
        yield


async def prepare_installation(home: Path, *, database_url: str, service_url: str) -> None:
    """Tables, and on the present Prefect server blocks and system deployments; touches only what is missing or differs."""
    async with open_store(database_url) as store:
        await migrate(store.engine)
    scratch = home / "scratch"
    scratch.mkdir(exist_ok=True)
    await register_blocks()
    await ensure_link_key()
    await ensure_defaults(
        model_base_url=f"{service_url}/v1",
        host_command=sys.executable,
        host_arguments=("-P", "-m", "agent.builtin.host"),
        host_environment={
            "MISSIONS_SCRATCH": str(scratch),
            "MISSIONS_TOOL_LOG": str(home / "logs" / "tools" / "host-calls.jsonl"),
        },
        store_url=database_url,
    )
    await register_system_flows()

"""The rehearsal model on loopback, and the host's tools as a planner sees them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agent.builtin.rehearsal.app import create_app
from agent.model.openai_model import OpenAIModel
from agent.tools.toolset import Tool
from blueprint.connections import ModelConnection
from blueprint.policy import ToolTraits
from tests.fakes.serving import serving

_DESCRIPTIONS = {
    "disk_usage": "Disk space of every mounted filesystem.",
    "memory": "Memory (RAM) and swap, as free shows it.",
    "failed_services": "Services (systemd units) that have failed.",
    "scratch_usage": "Size of the scratch directory.",
    "clean_scratch": "Clean up the scratch directory: moves its files older than so many days.",
}


@asynccontextmanager
async def rehearsal_model() -> AsyncGenerator[OpenAIModel]:
    """The adapter, connected to a running rehearsal model."""
    async with serving(create_app()) as address:
        connection = ModelConnection(name="rehearsal", base_url=f"{address}/v1", model="rehearsal", max_retries=0)
        async with OpenAIModel(connection) as model:
            yield model


def host_tools() -> list[Tool]:
    """Some of the host's tools."""
    return [_tool(name, description) for name, description in _DESCRIPTIONS.items()]


def _tool(name: str, description: str) -> Tool:
    reads = name != "clean_scratch"
    return Tool(
        server="host",
        name=name,
        wire_name=f"host__{name}",
        description=description,
        parameters={"type": "object", "properties": {}},
        traits=ToolTraits(read_only=reads, destructive=not reads),
    )

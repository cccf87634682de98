"""Registers the block types and keeps the built-in blocks in place (R8.1, R8.4)."""

from collections.abc import Mapping, Sequence

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import SecretStr

from blocks.digital_employee import DigitalEmployee
from blocks.event_source import EventSource
from blocks.loading import block_names
from blocks.mcp_server import McpServer
from blocks.mission_store import MissionStore
from blocks.model_endpoint import ModelEndpoint
from blocks.notification_channel import NotificationChannel
from blocks.tool_login import McpLogin

BLOCK_TYPES: tuple[type[Block], ...] = (
    ModelEndpoint,
    McpServer,
    McpLogin,
    DigitalEmployee,
    NotificationChannel,
    EventSource,
    MissionStore,
)

REHEARSAL, HOST, DEFAULT, STORE = "rehearsal", "host", "default", "missions"
"""Names of the built-in blocks: model endpoint, MCP server, Digital Employee, store."""

_ROLE = (
    "You are a careful operations engineer. You inspect systems with the tools that you are given, tell what you saw from "
    "what you conclude, and change nothing that you were not asked to change."
)


async def register_blocks() -> None:
    """Make all block types known to the Prefect server, with their forms; again after a change of code they are updated."""
    for kind in BLOCK_TYPES:
        await kind.aregister_type_and_schema()


async def ensure_defaults(
    *,
    model_base_url: str,
    host_command: str,
    host_arguments: Sequence[str],
    host_environment: Mapping[str, str],
    store_url: str,
) -> None:
    """Save the built-in blocks that are missing; in those that exist set the addresses and leave all that people edited."""
    environment, arguments = SecretDict(dict(host_environment)), list(host_arguments)
    rehearsal = ModelEndpoint(base_url=model_base_url, model="rehearsal", note="rule-based, no language model")
    host = McpServer(command=host_command, arguments=arguments, environment=environment)
    employee = DigitalEmployee(title="Default Digital Employee", role=_ROLE, model=REHEARSAL, servers=[HOST])
    await _keep(rehearsal, REHEARSAL, addresses=("base_url",))
    await _keep(host, HOST, addresses=("command", "arguments", "environment"))
    await _keep(employee, DEFAULT, addresses=())
    await _keep(MissionStore(url=SecretStr(store_url)), STORE, addresses=("url",))


async def _keep(block: Block, name: str, *, addresses: Sequence[str]) -> None:
    """Save `block` as `name`, or bring only the fields `addresses` of the saved one up to date."""
    kind = type(block)
    if name not in await block_names(kind):
        await block.asave(name)
        return
    saved = await kind.aload(name)
    different = [field for field in addresses if getattr(saved, field) != getattr(block, field)]
    for field in different:
        setattr(saved, field, getattr(block, field))
    if different:
        await saved.asave(name, overwrite=True)

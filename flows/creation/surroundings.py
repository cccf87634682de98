"""Looks at what a plan would work with, all at the same time: tool servers and channels as they are right now (R2.3)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.redaction import Redaction
from agent.tools.mcp import McpToolset
from agent.tools.redacted import Redacted
from agent.tools.toolset import ToolListing
from blueprint.connections import Employee
from blueprint.errors import Unavailable
from blueprint.plan import Blueprint
from blueprint.validation import Surroundings, Verified, check_plan
from flows.notifying.loop import load_channels
from flows.notifying.testing import silent_channels
from flows.opening import open_store
from flows.settings import RunSettings
from flows.tool_logins import by_login

LOOK_SECONDS = 150
"""Longer than a tool server may take by itself to come up; what takes longer has no end."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is connected: each server's tools or why it does not answer, and the channels that there are."""

    listing: ToolListing
    servers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    mute: Mapping[str, str] = field(default_factory=dict[str, str])
    """Channels that take no test message, with the reason."""

    def surroundings(self, *, is_in_force: bool = False) -> Surroundings:
        """What a plan is checked against, now."""
        return Surroundings(
            now=datetime.now(UTC),
            tools=[tool.full_name for tool in self.listing.tools],
            channels=self.channels,
            servers=self.servers,
            silent=self.listing.failures,
            mute=self.mute,
            is_in_force=is_in_force,
        )

    def verify(self, plan: Blueprint, *, is_in_force: bool = False) -> tuple[Verified, ...]:
        """Every check of a plan, by name."""
        return check_plan(plan, self.surroundings(is_in_force=is_in_force))


async def look_around(employee: Employee, settings: RunSettings) -> Seen:
    """Ask every server of the employee for its tools, every channel for a sign of life; Unavailable when that takes too long."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            listing, (channels, mute) = await asyncio.gather(list_tools(employee, settings), _try_channels())
    except TimeoutError as error:
        raise Unavailable(f"The tool servers were not all asked within {LOOK_SECONDS} s; see `missions doctor`.") from error
    servers = tuple(server.name for server in employee.servers)
    return Seen(listing=listing, servers=servers, channels=channels, mute=mute)


async def _try_channels() -> tuple[tuple[str, ...], dict[str, str]]:
    """The names of all channels, and which of them take no test message."""
    channels = await load_channels()
    if not channels:
        return (), {}
    async with open_store() as store:
        mute = await silent_channels(store, channels)
    return tuple(channel.name for channel in channels), mute


async def list_tools(employee: Employee, settings: RunSettings) -> ToolListing:
    """All tools of the employee's servers; the servers are closed again."""
    logs = settings.home / "logs" / "tools"
    async with McpToolset(employee.servers, log_directory=logs, authenticate=by_login()) as servers:
        return await Redacted(inner=servers, redaction=Redaction.of(employee.servers, issued=servers.issued)).tools()

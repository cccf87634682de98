"""Looks at what a plan would work with, all at the same time: tool servers and channels as they are right now (R2.3)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.redaction import Redaction
from agent.tools.mcp import McpToolset
from agent.tools.redacted import Redacted
from agent.tools.toolset import ToolListing
from blocks.loading import block_names
from blocks.notification_channel import NotificationChannel
from blueprint.connections import Employee
from blueprint.errors import Unavailable
from blueprint.plan import Blueprint
from blueprint.validation import Surroundings, Verified, check_plan
from flows.settings import RunSettings

LOOK_SECONDS = 150
"""Longer than a tool server may take by itself to come up; what takes longer has no end."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is connected: each server's tools or why it does not answer, and the channels that there are."""

    listing: ToolListing
    servers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def surroundings(self, *, is_in_force: bool = False) -> Surroundings:
        """What a plan is checked against, now."""
        return Surroundings(
            now=datetime.now(UTC),
            tools=[tool.full_name for tool in self.listing.tools],
            channels=self.channels,
            servers=self.servers,
            silent=self.listing.failures,
            is_in_force=is_in_force,
        )

    def verify(self, plan: Blueprint, *, is_in_force: bool = False) -> tuple[Verified, ...]:
        """Every check of a plan, by name."""
        return check_plan(plan, self.surroundings(is_in_force=is_in_force))


async def look_around(employee: Employee, settings: RunSettings) -> Seen:
    """Ask every server of the employee for its tools, and Prefect for the channels; Unavailable when that takes too long."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            listing, channels = await asyncio.gather(list_tools(employee, settings), block_names(NotificationChannel))
    except TimeoutError as error:
        raise Unavailable(f"The tool servers were not all asked within {LOOK_SECONDS} s; see `missions doctor`.") from error
    return Seen(listing=listing, servers=tuple(server.name for server in employee.servers), channels=tuple(channels))


async def list_tools(employee: Employee, settings: RunSettings) -> ToolListing:
    """All tools of the employee's servers; the servers are closed again."""
    async with McpToolset(employee.servers, log_directory=settings.home / "logs" / "tools") as servers:
        return await Redacted(inner=servers, redaction=Redaction.of(employee.servers)).tools()

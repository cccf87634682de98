"""Looks at what a plan would work with: the employee's tools as they are right now (R2.3)."""

from datetime import UTC, datetime

from agent.redaction import Redaction
from agent.tools.mcp import McpToolset
from agent.tools.redacted import Redacted
from agent.tools.toolset import ToolListing
from blueprint.connections import Employee
from blueprint.plan import Blueprint
from blueprint.validation import Problem, Surroundings, find_problems
from flows.settings import RunSettings


async def list_tools(employee: Employee, settings: RunSettings) -> ToolListing:
    """All tools of the employee's servers; the servers are closed again."""
    async with McpToolset(employee.servers, log_directory=settings.home / "logs" / "tools") as servers:
        return await Redacted(inner=servers, redaction=Redaction.of(employee.servers)).tools()


def surroundings(listing: ToolListing) -> Surroundings:
    """What a plan is checked against, now."""
    return Surroundings(now=datetime.now(UTC), tools=[tool.full_name for tool in listing.tools])


def verify(plan: Blueprint, listing: ToolListing) -> list[Problem]:
    """Every problem of a plan, servers that do not answer included."""
    silent = [
        Problem(check="servers", where=f"server {name}", text=f"{reason} Mend it, or take the server from the employee.")
        for name, reason in listing.failures.items()
    ]
    return [*find_problems(plan, surroundings(listing)), *silent]

"""Lists tools for a run that is in progress: its model counts on the tools that it knows, so a server gets some time."""

import asyncio

from agent.tools.toolset import ToolListing, Toolset

_PAUSES = (1.0, 3.0)
"""Seconds before servers that are away are asked again."""


async def listed_patiently(tools: Toolset) -> ToolListing:
    """The tools as they are now, or a few seconds later when a server is away; its failure stands when it stays away."""
    listing = await tools.tools()
    for pause in _PAUSES:
        if not listing.failures:
            break
        await asyncio.sleep(pause)
        listing = await tools.tools()
    return listing

"""Makes a call that only reads again when its server went away, with growing pauses (R2.8)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset, find_tool
from blueprint.policy import ToolCall
from blueprint.stream import Outcome

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Retried(Toolset):
    """A Toolset over `inner`; what a tool itself answers, and calls that may change something, are never made again."""

    inner: Toolset
    offered: Sequence[Tool]
    retries: int
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def tools(self) -> ToolListing:
        """The tools of `inner`."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """The first result that a server gave, else the last failure; `seconds` are those of all attempts."""
        tool = find_tool(self.offered, call)
        result = await self.inner.call(call)
        if tool is None or not tool.traits.is_read_only or result.outcome is not Outcome.UNKNOWN:
            return result
        return await self._again(call, result)

    async def _again(self, call: ToolCall, result: ToolResult) -> ToolResult:
        wait, tries = FIRST_PAUSE_SECONDS, 1
        while result.outcome is not Outcome.DONE and tries <= self.retries:
            logger.warning("%s failed and is called again in %.0f s: %s", call.name, wait, result.text)
            await self.pause(wait)
            wait, tries = min(wait * 2, LONGEST_PAUSE_SECONDS), tries + 1
            another = await self.inner.call(call)
            result = replace(another, seconds=result.seconds + another.seconds)
        if result.outcome is Outcome.DONE or tries == 1:
            return result
        text = f"{result.text}\nIt was tried {tries} times."
        return replace(result, text=text, size=len(text))

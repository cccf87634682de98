"""Keeps known secrets out of what tools say: their results, errors and descriptions (R9.1)."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

from agent.redaction import Redaction
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall


@dataclass(frozen=True, kw_only=True)
class Redacted(Toolset):
    """A Toolset over `inner`, next to the servers: nothing outside of it ever sees what was taken out."""

    inner: Toolset
    redaction: Redaction

    async def tools(self) -> ToolListing:
        """The tools of `inner`, with descriptions and failures redacted."""
        listing = await self.inner.tools()
        failures = {server: self.redaction.text(problem) for server, problem in listing.failures.items()}
        return ToolListing(tools=tuple(self._tool(tool) for tool in listing.tools), failures=failures)

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of `inner`, redacted; `size` stays that of what came."""
        return await asyncio.to_thread(self._result, await self.inner.call(call))  # it takes seconds for a large one

    def _result(self, result: ToolResult) -> ToolResult:
        return replace(result, text=self.redaction.text(result.text), structured=self.redaction.json(result.structured))

    def _tool(self, tool: Tool) -> Tool:
        parameters = cast("dict[str, Any]", self.redaction.json(tool.parameters))
        return replace(tool, description=self.redaction.text(tool.description), parameters=parameters)

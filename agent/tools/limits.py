"""Gives every call a deadline and every result a size, whatever the tools behind it do (R4.4, R4.10)."""

import asyncio
from dataclasses import replace

from agent.tools.content import cut
from agent.tools.toolset import ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall
from blueprint.stream import Outcome


class Limited:
    """A Toolset over `inner`: a call gets `call_seconds`, a result `max_result_chars`; `size` stays that of the whole."""

    def __init__(self, inner: Toolset, *, max_result_chars: int, call_seconds: float) -> None:
        self._inner = inner
        self._max_result_chars = max_result_chars
        self._call_seconds = call_seconds

    async def tools(self) -> ToolListing:
        """The tools of `inner`, as they are now."""
        return await self._inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of `inner`, cut; an error result with outcome UNKNOWN when the time is up."""
        try:
            async with asyncio.timeout(self._call_seconds):
                result = await self._inner.call(call)
        except TimeoutError:
            return self._too_late(call)
        return self._bounded(result)

    def _too_late(self, call: ToolCall) -> ToolResult:
        text = f"{call.name} did not answer within {self._call_seconds:g} s and was given up; it may still have had its effect."
        return ToolResult(text=text, is_error=True, outcome=Outcome.UNKNOWN, size=len(text), seconds=self._call_seconds)

    def _bounded(self, result: ToolResult) -> ToolResult:
        size = max(result.size, len(result.text))
        if len(result.text) <= self._max_result_chars:
            return replace(result, size=size)
        # What is too long to be read whole is too long to be kept twice.
        return replace(result, text=cut(result.text, self._max_result_chars, size=size), structured=None, size=size)

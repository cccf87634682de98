"""Keeps a run's offer up to date when a tool server changes its tools in the middle of the run (R4.10)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.tools.offer import Offer
from agent.tools.toolset import ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall


@dataclass(frozen=True, kw_only=True)
class Relisted(Toolset):
    """A Toolset over `inner`. After a call that leaves the list outdated it is read anew, and the model is told what changed."""

    inner: Toolset
    offer: Offer
    is_outdated: Callable[[], bool]

    async def tools(self) -> ToolListing:
        """The tools of `inner`."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of `inner`, with a last line on tools that came and went."""
        result = await self.inner.call(call)
        if not self.is_outdated():
            return result
        change = self.offer.take(await self.inner.tools())
        if not change.words:
            return result
        text = f"{result.text}\n\n{change.words}"
        return replace(result, text=text, size=max(result.size, len(result.text)) + len(text) - len(result.text))

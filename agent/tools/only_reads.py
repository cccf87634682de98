"""Makes calls that just read, and no others: for looking again at what an approval rests on (R5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset, find_tool
from blueprint.policy import RiskPolicy, Rule, ToolCall, assess
from blueprint.stream import Outcome


@dataclass(frozen=True, kw_only=True)
class OnlyReads(Toolset):
    """A Toolset over `inner` that checks each call against the tools and the policies as they are now."""

    inner: Toolset
    offered: Sequence[Tool]
    policies: Sequence[tuple[str, RiskPolicy]]

    async def tools(self) -> ToolListing:
        """The tools of `inner`."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of `inner`; an error result for a tool that does not just read, or that a person is asked about."""
        tool = find_tool(self.offered, call)
        if tool is None or not tool.traits.is_read_only:
            return _not_read(call, "it is not offered any more, or does not just read any more")
        verdict = assess(self.policies, call, tool.traits)
        if verdict.rule not in (Rule.AUTO, Rule.CAUTIOUS):
            return _not_read(call, verdict.reason)
        return await self.inner.call(call)


def _not_read(call: ToolCall, reason: str) -> ToolResult:
    return ToolResult(text=f"{call.name} can't be called to look again: {reason}.", is_error=True, outcome=Outcome.NOT_DONE)

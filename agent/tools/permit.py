"""Why a call may be made; tools behind the policy are called only with such a permit."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

from agent.tools.toolset import Tool, ToolListing, ToolResult
from blueprint.policy import ToolCall, Verdict
from blueprint.stream import Intended


@dataclass(frozen=True, kw_only=True)
class Permit:
    """The tool, the verdict, and where the policy asks what answers it: an approval with its evidence, or leave given ahead.

    The fields mean what they mean in `Intended`, which is made of them.
    """

    tool: Tool
    verdict: Verdict
    approval: str = ""
    run_approval: str = ""
    standing_rule: str = ""
    evidence: str = ""

    def like(self, begun: Intended) -> Self:
        """This permit with the leave that an interrupted attempt at the same call had."""
        return replace(
            self,
            approval=begun.approval,
            run_approval=begun.run_approval,
            standing_rule=begun.standing_rule,
            evidence=begun.evidence,
        )

    def intended(self, call: ToolCall, attempt: int) -> Intended:
        """The journal's event for making `call` under this permit."""
        return Intended(
            call=call,
            traits=self.tool.traits,
            rule=self.verdict.rule,
            reason=self.verdict.reason,
            approval=self.approval,
            run_approval=self.run_approval,
            standing_rule=self.standing_rule,
            evidence=self.evidence,
            attempt=attempt,
        )


class PermittedToolset(Protocol):
    """Tools that are called only with a permit: there is no way around the policy."""

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        ...

    async def call(self, call: ToolCall, permit: Permit) -> ToolResult:
        """Make the call that `permit` allows; NotPermitted, and nothing done, when it does not allow it any more."""
        ...

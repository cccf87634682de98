"""Lets a call through only as the risk policy and, where it says so, a person allow it (R5.2, R5.3)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.approver import Approver
from agent.asking import ask_person
from agent.journal import Journal
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset, find_tool
from blueprint.policy import RiskPolicy, Rule, ToolCall, Verdict, assess
from blueprint.requests import Answer, ApprovalQuestion, Decision
from blueprint.stream import Outcome, Returned


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Why a call may be made: the tool, the verdict, and the key of the person's approval where one was needed."""

    tool: Tool
    verdict: Verdict
    approval: str = ""


class PermittedToolset(Protocol):
    """Tools that are called only with a permit: there is no way around the policy."""

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        ...

    async def call(self, call: ToolCall, permit: Permit) -> ToolResult:
        """Make the call that `permit` allows."""
        ...


@dataclass(frozen=True, kw_only=True)
class Approval(Toolset):
    """The outermost wrapper. `policies` in order of precedence: Blueprint, Digital Employee, tool server.

    `why` gives the agent's own words for the call that is being asked about.
    """

    inner: PermittedToolset
    offered: Sequence[Tool]
    policies: Sequence[tuple[str, RiskPolicy]]
    journal: Journal
    approver: Approver
    why: Callable[[], str]

    async def tools(self) -> ToolListing:
        """The tools that may be offered to the model."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call if it is allowed; else an error result that tells the model who refused and why."""
        tool = find_tool(self.offered, call)
        if tool is None:
            return await self._refuse(call, f"Tool {call.name!r} is not offered to this Task.", changes=False)
        verdict = assess(self.policies, call, tool.traits)
        match verdict.rule:
            case Rule.FORBID:
                return await self._refuse(call, f"Not allowed: {verdict.reason}. Go on without it.", changes=_changes(tool))
            case Rule.ASK:
                return await self._ask(call, tool, verdict)
            case Rule.AUTO | Rule.CAUTIOUS:
                return await self.inner.call(call, Permit(tool=tool, verdict=verdict))

    async def _ask(self, call: ToolCall, tool: Tool, verdict: Verdict) -> ToolResult:
        key = f"approve-{call.id}"
        question = ApprovalQuestion(
            call=call, about=tool.description, why=self.why(), risk=verdict.reason, undo=_undo(tool.description)
        )
        answer = await ask_person(
            journal=self.journal, approver=self.approver, key=key, title=f"{call.name}?", question=question, call_id=call.id
        )
        if answer.decision is not Decision.APPROVE:
            return await self._refuse(call, _refusal(answer), changes=_changes(tool))
        return await self.inner.call(call, Permit(tool=tool, verdict=verdict, approval=key))

    async def _refuse(self, call: ToolCall, text: str, *, changes: bool) -> ToolResult:
        await self.journal.append(
            Returned(
                call=call,
                outcome=Outcome.NOT_DONE,
                is_error=True,
                text=text,
                size=len(text),
                changes=changes,
                is_refused=True,
            )
        )
        return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE)


def _changes(tool: Tool) -> bool:
    return not tool.traits.is_read_only


def _undo(description: str) -> str:
    """What a tool's description says behind 'Undo:', by custom the way back; empty where it says nothing."""
    said = re.search(r"Undo:\s*([^.]*\.?)", description)
    return " ".join(said[1].split()) if said else ""


def _refusal(answer: Answer) -> str:
    words = f" They wrote: {answer.text}" if answer.text else ""
    return f"A person rejected this call; it was not made.{words} Do not try it again; go on without it."

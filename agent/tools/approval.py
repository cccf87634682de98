"""Lets a call through only as the risk policy and, where it says so, a person allow it (R5.2, R5.3)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from agent.journal import Journal
from agent.tools.permit import Permit, PermittedToolset
from agent.tools.persons_leave import PersonsLeave, is_asked_about
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset, find_tool
from agent.tools.wishes import handed_back
from blueprint.errors import NotPermitted
from blueprint.leave import leave_for_run
from blueprint.policy import RiskPolicy, Rule, ToolCall, Verdict, assess
from blueprint.provenance import find_origins
from blueprint.requests import Answer, Origin
from blueprint.standing import StandingRule
from blueprint.stream import Intended, Outcome, Returned

FittingRules = Callable[[ToolCall], Awaitable[Sequence[StandingRule]]]
"""Gives the Mission's standing rules that may let a call through; the journal decides when the call is written down."""


@dataclass(frozen=True, kw_only=True)
class Approval(Toolset):
    """The outermost wrapper. `policies` in order of precedence: Blueprint, Digital Employee, tool server.

    `trusted` are the texts of people: goal, plan, rules. A call whose arguments come from anywhere else is asked about,
    whatever leave was given ahead.
    """

    inner: PermittedToolset
    offered: Sequence[Tool]
    policies: Sequence[tuple[str, RiskPolicy]]
    trusted: Sequence[str]
    journal: Journal
    fitting_rules: FittingRules
    person: PersonsLeave

    async def tools(self) -> ToolListing:
        """The tools that may be offered to the model."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call if it is allowed; else an error result that tells the model who refused and why."""
        begun = self._begun(call)
        if begun is not None and not begun.traits.is_repeatable and not handed_back(call, self.journal.events):
            return await self.inner.call(call, _permit_of(begun))
        tool = find_tool(self.offered, call)
        if tool is None:
            return await self._refuse(call, f"Tool {call.name!r} is not offered to this Task.", changes=False)
        verdict = assess(self.policies, call, tool.traits)
        match verdict.rule:
            case Rule.FORBID:
                return await self._refuse(call, f"Not allowed: {verdict.reason}. Go on without it.", changes=_changes(tool))
            case Rule.ASK:
                return await self._with_leave(call, Permit(tool=tool, verdict=verdict))
            case Rule.AUTO | Rule.CAUTIOUS:
                return await self.inner.call(call, Permit(tool=tool, verdict=verdict))

    async def _with_leave(self, call: ToolCall, bare: Permit) -> ToolResult:
        """By leave that was given ahead where there is some that holds, else by a person's."""
        described = {tool.full_name: tool.description for tool in self.offered}
        origins = find_origins(call, self.trusted, self.journal.entries, described)
        for permit in await self._given_ahead(call, bare, origins):
            try:
                return await self.inner.call(call, permit)
            except NotPermitted:
                continue  # used up or revoked just now
        answer = await self.person.obtain(call, bare, origins)
        if isinstance(answer, Permit):
            return await self.inner.call(call, answer)
        return await self._refuse(call, _refusal(answer), changes=_changes(bare.tool))

    async def _given_ahead(self, call: ToolCall, bare: Permit, origins: Sequence[Origin]) -> list[Permit]:
        """Permits that need no question. A call that was begun, or asked about, before a restart keeps to what it had then."""
        if begun := self._begun(call):
            return [bare.like(begun)]
        if origins or is_asked_about(call, self.journal.events):
            return []
        key = leave_for_run(call, self.journal.events)
        by_rules = [
            replace(bare, standing_rule=rule.id, verdict=_by_rule(bare.verdict, rule)) for rule in await self.fitting_rules(call)
        ]
        return [replace(bare, run_approval=key), *by_rules] if key else by_rules

    def _begun(self, call: ToolCall) -> Intended | None:
        begun = [event for event in self.journal.events if isinstance(event, Intended) and event.call.id == call.id]
        return begun[-1] if begun else None

    async def _refuse(self, call: ToolCall, text: str, *, changes: bool) -> ToolResult:
        """The call is not made; whether it had its effect is unknown where an earlier execution had begun it."""
        begun = None if handed_back(call, self.journal.events) else self._begun(call)
        outcome = Outcome.UNKNOWN if begun else Outcome.NOT_DONE
        if begun:
            changes = changes or not begun.traits.is_read_only
            text = f"{text} An earlier attempt was interrupted; nobody knows whether it had its effect."
        await self.journal.append(
            Returned(
                call=call,
                outcome=outcome,
                is_error=True,
                text=text,
                size=len(text),
                changes=changes,
                is_refused=not begun,
            )
        )
        return ToolResult(text=text, is_error=True, outcome=outcome)


def _permit_of(begun: Intended) -> Permit:
    """The permit of a call that an earlier execution began: what became of it is settled whatever holds today.

    Its server may be away just now, or the policy stricter: refused, it would count as not done.
    """
    call = begun.call
    tool = Tool(server=call.server, name=call.tool, wire_name="", description="", parameters={}, traits=begun.traits)
    return Permit(tool=tool, verdict=Verdict(rule=begun.rule, reason=begun.reason)).like(begun)


def _changes(tool: Tool) -> bool:
    return not tool.traits.is_read_only


def _by_rule(verdict: Verdict, rule: StandingRule) -> Verdict:
    reason = f"{verdict.reason}; standing rule {rule.id} by {rule.made_by}, until {rule.expires_at:%Y-%m-%d %H:%M} UTC"
    return Verdict(rule=verdict.rule, reason=reason)


def _refusal(answer: Answer) -> str:
    said = f" They wrote: {answer.text!r}." if answer.text else ""
    return f"A person rejected this call; it was not made.{said} Do not try it again; go on without it."

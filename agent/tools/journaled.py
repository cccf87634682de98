"""Writes each call before it is made and after it came back; settles calls whose outcome is unknown (R4.8)."""

from dataclasses import dataclass, replace

from agent.approver import Approver
from agent.asking import ask_person
from agent.journal import Journal
from agent.tools.permit import Permit
from agent.tools.toolset import ToolListing, ToolResult, Toolset
from agent.tools.wishes import handed_back
from blueprint.errors import Stopped
from blueprint.policy import ToolCall
from blueprint.requests import AnomalyQuestion, Answer, Decision
from blueprint.stream import Asked, Intended, Outcome, Returned

MOST_QUESTIONS = 8
"""So often a server may want to know something in one call, answers that did not fit included."""


@dataclass(frozen=True, kw_only=True)
class Journaled:
    """The wrapper between approval and the tools: at most once for calls that change, again for those that only read."""

    inner: Toolset
    journal: Journal
    approver: Approver

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        return await self.inner.tools()

    async def call(self, call: ToolCall, permit: Permit) -> ToolResult:
        """Make the call and record it; one that an earlier execution began is repeated only if that can do no harm.

        One that its server hands back, because it wants to know something, is made again with the person's answer.
        """
        for _ in range(MOST_QUESTIONS):
            if asked := handed_back(call, self.journal.events):
                await self._ask(asked)
            elif self._attempts(call) and not permit.tool.traits.is_repeatable:
                return await self._settle(call, permit, "The run was interrupted while this call was at work.")
            result = await self._make(call, permit)
            if result.wish is None:
                return result
            await self._ask(Asked(key=result.wish.key, title=f"{call.name} asks", call_id=call.id, question=result.wish.question))
        return await self._record(call, permit, _asks_too_much(call))

    async def _make(self, call: ToolCall, permit: Permit) -> ToolResult:
        """One attempt: a result that is recorded, or one with a wish, which is not."""
        attempts = 0 if handed_back(call, self.journal.events) else self._attempts(call)
        await self.journal.append(permit.intended(call, self._attempts(call) + 1))
        result = await self.inner.call(call)
        if result.wish is not None:
            return result
        if attempts and result.outcome is Outcome.NOT_DONE:  # this attempt; an earlier one may have had the effect
            result = replace(result, outcome=Outcome.UNKNOWN)
        if result.outcome is Outcome.UNKNOWN and not permit.tool.traits.is_repeatable:
            return await self._settle(call, permit, result.text)
        return await self._record(call, permit, result)

    async def _ask(self, asked: Asked) -> None:
        """Bring the server's question to a person; the process may end here, and the next execution comes here again."""
        assert asked.question is not None, "a server's question is always kept"
        await ask_person(journal=self.journal, approver=self.approver, asked=asked, question=asked.question)

    def _attempts(self, call: ToolCall) -> int:
        return sum(isinstance(event, Intended) and event.call.id == call.id for event in self.journal.events)

    async def _record(self, call: ToolCall, permit: Permit, result: ToolResult) -> ToolResult:
        await self.journal.append(_returned(call, permit, result))
        return result

    async def _settle(self, call: ToolCall, permit: Permit, what: str) -> ToolResult:
        """Ask a person whether the effect happened: it is never repeated on a guess."""
        answer = await ask_person(
            journal=self.journal,
            approver=self.approver,
            asked=Asked(key=f"unknown-{call.id}", title=f"did {call.name} happen?", call_id=call.id),
            question=AnomalyQuestion(what=what, unknown_call=call),
        )
        result = await self._record(call, permit, _settled(answer))
        if answer.decision is Decision.STOP:
            raise Stopped(f"{answer.by} stopped the run at a call whose outcome is unknown: {call.name}")
        return result


def _asks_too_much(call: ToolCall) -> ToolResult:
    text = f"{call.name} asked people {MOST_QUESTIONS} times and was given up."
    return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text))


def _returned(call: ToolCall, permit: Permit, result: ToolResult) -> Returned:
    return Returned(
        call=call,
        outcome=result.outcome,
        is_error=result.is_error,
        text=result.text,
        size=result.size or len(result.text),
        structured=result.structured,
        kept=result.kept,
        files=result.files,
        seconds=round(result.seconds, 3),
        changes=not permit.tool.traits.is_read_only,
    )


def _settled(answer: Answer) -> ToolResult:
    said = f" They wrote: {answer.text!r}." if answer.text else ""
    match answer.decision:
        case Decision.HAPPENED:
            text = f"The answer of this call was lost. A person checked: it happened.{said}"
            return ToolResult(text=text, outcome=Outcome.DONE)
        case Decision.NOT_HAPPENED:
            text = f"This call was interrupted. A person checked: it did not happen.{said} Call again if it is still needed."
            return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE)
        case _:
            return ToolResult(text=f"The outcome of this call is unknown.{said}", is_error=True, outcome=Outcome.UNKNOWN)

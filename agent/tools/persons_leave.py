"""Asks a person for leave to make one call; what an old approval rests on is looked at again before it counts (R5.3)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.approver import Approver
from agent.asking import ask_person
from agent.journal import Journal
from agent.tools.permit import Permit
from agent.tools.toolset import Toolset
from blueprint.evidence import differences, find_evidence, result_digest
from blueprint.evidence import excerpt as excerpt_of
from blueprint.policy import ToolCall
from blueprint.requests import Answer, ApprovalQuestion, Decision, Evidence, Origin, evidence_digest
from blueprint.stream import Asked, LookedAgain, StreamEvent


@dataclass(frozen=True, kw_only=True)
class PersonsLeave:
    """`why` gives the agent's own words for the call that is being asked about.

    `looks` makes calls that only read, beside the journal: the evidence of an approval that was asked for longer than
    `fresh_for` ago.
    """

    journal: Journal
    approver: Approver
    looks: Toolset
    why: Callable[[], str]
    clock: Callable[[], datetime]
    plan_version: int
    fresh_for: timedelta

    async def obtain(self, call: ToolCall, bare: Permit, origins: Sequence[Origin]) -> Permit | Answer:
        """A permit for exactly this call, or the answer that rejects it. Asked anew as often as what was seen has moved."""
        while True:
            asked = _in_force(call, self.journal.events) or self._first(call, origins)
            answer = await ask_person(
                journal=self.journal, approver=self.approver, asked=asked, question=self._question(call, bare, asked)
            )
            if answer.decision not in (Decision.APPROVE, Decision.APPROVE_RUN):
                return answer
            if not self._is_old(asked.key) or await self._is_unmoved(call, asked):
                return replace(bare, approval=asked.key, evidence=evidence_digest(asked.evidence))

    def _first(self, call: ToolCall, origins: Sequence[Origin]) -> Asked:
        return Asked(
            key=_key(call),
            title=f"{call.name}?",
            call_id=call.id,
            evidence=find_evidence(call, self.journal.entries),
            origins=tuple(origins),
        )

    def _question(self, call: ToolCall, bare: Permit, asked: Asked) -> ApprovalQuestion:
        about = bare.tool.description
        return ApprovalQuestion(
            call=call,
            plan_version=self.plan_version,
            evidence=asked.evidence,
            origins=asked.origins,
            moved=asked.moved,
            about=about,
            why=self.why(),
            risk=bare.verdict.reason,
            undo=_undo(about),
        )

    def _is_old(self, key: str) -> bool:
        """By two machines' clocks: one that is off makes us look a little sooner or later, nothing worse."""
        asked_at = next(entry.at for entry in self.journal.entries if isinstance(entry.event, Asked) and entry.event.key == key)
        return self.clock() - asked_at > self.fresh_for

    async def _is_unmoved(self, call: ToolCall, asked: Asked) -> bool:
        """Look at the evidence again and record what was seen; False makes the approval void."""
        now = tuple([await self._look(seen) for seen in asked.evidence])
        moved = differences(asked.evidence, now)
        if now:
            await self.journal.append(LookedAgain(key=asked.key, call_id=call.id, evidence=now, moved=moved))
        return not moved

    async def _look(self, seen: Evidence) -> Evidence:
        """The same call now. One that fails gives something else than before, so nothing is done on the strength of it."""
        result = await self.looks.call(seen.call)
        size = result.size or len(result.text)
        return seen.model_copy(
            update={
                "result": result_digest(result.text, result.structured, is_error=result.is_error, size=size),
                "excerpt": excerpt_of(result.text),
            }
        )


def is_asked_about(call: ToolCall, events: Sequence[StreamEvent]) -> bool:
    """Whether a person was asked for leave for this very call: then only the answer counts."""
    return _in_force(call, events) is not None


def _in_force(call: ToolCall, events: Sequence[StreamEvent]) -> Asked | None:
    """The last question about this call; where a look has made its approval void, the one that is to be asked instead."""
    asked: Asked | None = None
    voids = 0
    for event in events:
        match event:
            case Asked(call_id=call.id, key=key) if key.startswith(_key(call)):
                asked = event
            case LookedAgain(call_id=call.id) if event.moved and asked is not None:
                voids += 1
                anew = {"key": f"{_key(call)}-{voids + 1}", "evidence": event.evidence, "moved": event.moved}
                asked = asked.model_copy(update=anew)
            case _:
                pass
    return asked


def _key(call: ToolCall) -> str:
    return f"approve-{call.id}"


def _undo(description: str) -> str:
    """What a tool's description says behind 'Undo:', by custom the way back; empty where it says nothing."""
    said = re.search(r"Undo:\s*([^.]*\.?)", description)
    return " ".join(said[1].split()) if said else ""

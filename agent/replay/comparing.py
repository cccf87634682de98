"""Tells how a replay differs from its run, call by call, and in how it ended. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.own_tools import OWN_SERVER
from agent.replay.parts import REPLAY
from blueprint.policy import Rule, ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import ApprovalQuestion
from blueprint.stream import Answered, Asked, Concluded, Conclusion, Intended, Reasoned, Returned, StreamEvent
from blueprint.values import Value


class Difference(Value):
    """One thing that would come out in another way; `step` is its number in the run's stream, 0 for the end of the run."""

    step: int
    what: str
    arguments: dict[str, JsonValue] | None = None
    was: str
    now: str
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class _Deed:
    """What became of one call, in words."""

    call: ToolCall
    words: str
    because: str = ""


def differences(recorded: Sequence[JournalEntry], replayed: Sequence[StreamEvent]) -> tuple[Difference, ...]:
    """Every call of the run that the present code and policy would treat in another way, in order."""
    events = [entry.event for entry in recorded]
    was, now = _deeds(events), _deeds(replayed)
    steps = {entry.event.call.id: entry.sequence for entry in reversed(recorded) if isinstance(entry.event, Intended | Returned)}
    found = (_difference(steps.get(call, 0), deed, now.get(call)) for call, deed in was.items())
    return tuple(difference for difference in found if difference is not None)


def conclusion(events: Sequence[StreamEvent]) -> Conclusion | None:
    """What the agent has concluded."""
    return next((event.conclusion for event in reversed(events) if isinstance(event, Concluded)), None)


def answers(events: Sequence[StreamEvent]) -> int:
    """How often the model has answered."""
    return sum(isinstance(event, Reasoned) for event in events)


def _difference(step: int, was: _Deed, now: _Deed | None) -> Difference | None:
    if now is not None and (now.words, now.call) == (was.words, was.call):
        return None
    return Difference(
        step=step,
        what=was.call.name.lstrip("."),
        arguments=was.call.arguments,
        was=was.words,
        now=now.words if now else "the replay does not come so far",
        because=now.because if now else "",
    )


def _deeds(events: Sequence[StreamEvent]) -> dict[str, _Deed]:
    """By the call's id, for calls that have come back."""
    begun = {event.call.id: event for event in events if isinstance(event, Intended)}
    asked = {event.call_id: event for event in events if isinstance(event, Asked) and event.key.startswith("approve-")}
    newly = {event.call_id for event in events if isinstance(event, Answered) and event.answer.by == REPLAY}
    return {
        event.call.id: _deed(event, begun.get(event.call.id), asked.get(event.call.id), is_newly_asked=event.call.id in newly)
        for event in events
        if isinstance(event, Returned)
    }


def _deed(returned: Returned, begun: Intended | None, asked: Asked | None, *, is_newly_asked: bool) -> _Deed:
    call, outcome = returned.call, returned.outcome.value
    if call.server == OWN_SERVER:  # the loop's own tools touch nothing outside
        return _Deed(call=call, words="answered")
    if is_newly_asked:
        return _Deed(call=call, words="a person is asked", because=_risk(asked))
    if returned.is_refused:
        return _Deed(call=call, words="rejected by a person" if asked else "forbidden", because=_risk(asked) or returned.text)
    if begun is None:
        ending = "refused" if returned.is_error else outcome
        return _Deed(call=call, words=ending, because=returned.text if returned.is_error else "")
    ending = "failed" if returned.is_error and outcome == "done" else outcome
    return _Deed(call=call, words=f"{_leave(begun)}: {ending}", because=begun.reason)


def _leave(begun: Intended) -> str:
    if begun.approval:
        return "approved by a person"
    if begun.run_approval:
        return "approved for the run"
    if begun.standing_rule:
        return f"let through by standing rule {begun.standing_rule}"
    return "announced and made" if begun.rule is Rule.CAUTIOUS else "made without asking"


def _risk(asked: Asked | None) -> str:
    return asked.question.risk if asked is not None and isinstance(asked.question, ApprovalQuestion) else ""

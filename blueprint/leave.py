"""Leave that a person gave for one tool until the run ends: 'approve for this run' (R5.3)."""

from collections.abc import Sequence

from blueprint.policy import ToolCall
from blueprint.requests import Decision
from blueprint.stream import Answered, LookedAgain, Reasoned, StreamEvent


def leave_for_run(call: ToolCall, events: Sequence[StreamEvent]) -> str:
    """The key of the request in which the tool of `call` was approved for this run, empty where it was not.

    A later rejection of the same tool takes the leave back; so does a look that makes the approval void.
    """
    tools: dict[str, str] = {}
    given = ""
    for event in events:
        match event:
            case Reasoned(calls=calls):
                tools |= {made.id: made.call.name for made in calls if made.call is not None}
            case Answered(key=key, answer=answer, call_id=call_id) if tools.get(call_id) == call.name:
                given = _after(given, key, answer.decision)
            case LookedAgain(key=key, moved=moved) if moved and key == given:
                given = ""
            case _:
                pass
    return given


def _after(given: str, key: str, decision: Decision) -> str:
    match decision:
        case Decision.APPROVE_RUN:
            return key
        case Decision.REJECT:
            return ""
        case _:
            return given

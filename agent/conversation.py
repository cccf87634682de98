"""Folds a run's journal into the conversation with the model: start, resume, restart and replay are this one function."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError, loads
from typing import assert_never

from agent.model.model import Message
from blueprint.stream import (
    Answered,
    Asked,
    Briefed,
    Concluded,
    Conclusion,
    Corrected,
    Ended,
    Intended,
    LookedAgain,
    ModelCall,
    Reasoned,
    Returned,
    StreamEvent,
    Usage,
)


@dataclass(kw_only=True)
class Conversation:
    """Where a run stands: what the model has seen, and which of its calls still wait for a result."""

    messages: list[Message] = field(default_factory=list[Message])
    pending: list[ModelCall] = field(default_factory=list[ModelCall])
    answers: int = 0
    """How often the model has answered."""
    corrections: int = 0
    """How often in a row the model had to be corrected."""
    usage: Usage = Usage()
    thought: str = ""
    """The model's words in its last answer."""
    conclusion: Conclusion | None = None


def fold(events: Sequence[StreamEvent]) -> Conversation:
    """The conversation that `events` tell of."""
    state = Conversation()
    for event in events:
        _take(state, event)
    return state


def _take(state: Conversation, event: StreamEvent) -> None:
    match event:
        case Briefed():
            state.messages += [{"role": "system", "content": event.system}, {"role": "user", "content": event.task}]
        case Reasoned():
            _take_answer(state, event)
        case Corrected():
            state.corrections += 1
            state.messages.append({"role": "user", "content": event.text})
        case Returned():
            state.pending = [call for call in state.pending if call.id != event.call.id]
            state.corrections = state.corrections + 1 if event.call.server == "" else 0
            state.messages.append({"role": "tool", "tool_call_id": event.call.id, "content": result_message(event)})
        case Concluded():
            state.pending = []
            state.conclusion = event.conclusion
        case Asked() | Answered() | LookedAgain() | Intended() | Ended():
            pass
        case _:
            assert_never(event)


def _take_answer(state: Conversation, event: Reasoned) -> None:
    state.answers += 1
    state.usage = state.usage + event.usage
    state.thought = event.text or event.reasoning
    state.pending = list(event.calls)
    message: Message = {"role": "assistant", "content": event.text}
    if event.reasoning_key:
        message[event.reasoning_key] = event.reasoning
    if event.calls:
        message["tool_calls"] = [_wire(call) for call in event.calls]
    state.messages.append(message)


def _wire(call: ModelCall) -> Message:
    function = {"name": call.wire_name, "arguments": call.raw_arguments if _is_json(call.raw_arguments) else "{}"}
    return {"id": call.id, "type": "function", "function": function, **call.extra}


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except JSONDecodeError:
        return False
    return True


def result_message(event: Returned) -> str:
    """What the model reads of a result: a first line that names the call (the evidence id of findings), then the data."""
    name = event.call.name.lstrip(".")
    word = event.outcome.value if event.outcome.value != "done" else ("error" if event.is_error else "ok")
    return f"call {event.call.id} {name}: {word}\n\n{event.text}"

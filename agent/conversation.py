"""Folds a run's journal into the conversation with the model: start, resume, restart and replay are this one function."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from json import JSONDecodeError, loads
from typing import assert_never

from agent.model.model import Message
from agent.tools.content import cut
from blueprint.stream import (
    Answered,
    Asked,
    Briefed,
    Concluded,
    Conclusion,
    Condensed,
    Corrected,
    Ended,
    Intended,
    LookedAgain,
    ModelCall,
    Noted,
    Raised,
    Reasoned,
    Returned,
    StreamEvent,
    Usage,
    Warned,
    Wasted,
)


@dataclass(kw_only=True)
class Conversation:
    """Where a run stands: what the model has seen, and which of its calls still wait for a result."""

    task: str = ""
    """What the model was told to do."""
    opening: list[Message] = field(default_factory=list[Message])
    """What comes before the first exchange: the same in every request, unless older exchanges are condensed into it."""
    exchanges: list[list[Message]] = field(default_factory=list[list[Message]])
    """Each an answer of the model, and what followed up to the next one: results, corrections, words about the run."""
    pending: list[ModelCall] = field(default_factory=list[ModelCall])
    answers: int = 0
    """How often the model has answered."""
    condensed: int = 0
    """So many of the first answers are no longer among the exchanges (R4.5)."""
    corrections: int = 0
    """How often in a row the model had to be corrected."""
    usage: Usage = Usage()
    measured: int = 0
    """Tokens of the conversation up to and with the last answer, as the endpoint counted them; 0 when it is not known."""
    thought: str = ""
    """The model's words in its last answer."""
    conclusion: Conclusion | None = None

    @property
    def messages(self) -> list[Message]:
        """The conversation as the model gets it."""
        return [*self.opening, *chain.from_iterable(self.exchanges)]


def fold(events: Sequence[StreamEvent]) -> Conversation:
    """The conversation that `events` tell of."""
    state = Conversation()
    for event in events:
        _take(state, event)
    return state


def _take(state: Conversation, event: StreamEvent) -> None:
    match event:
        case Briefed():
            state.task = event.task
            state.opening = [{"role": "system", "content": event.system}, {"role": "user", "content": event.task}]
        case Reasoned():
            _take_answer(state, event)
        case Corrected():
            state.corrections += 1
            _tell(state, {"role": "user", "content": event.text})
        case Warned() | Raised():
            _tell(state, {"role": "user", "content": event.text})
        case Noted():
            state.pending = [call for call in state.pending if call.id != event.call_id]
            state.corrections = 0
            _tell(state, {"role": "tool", "tool_call_id": event.call_id, "content": f"call {event.call_id} note: ok\n\nNoted."})
        case Condensed():
            _condense(state, event)
        case Returned():
            state.pending = [call for call in state.pending if call.id != event.call.id]
            state.corrections = state.corrections + 1 if event.call.server == "" else 0
            _tell(state, {"role": "tool", "tool_call_id": event.call.id, "content": result_message(event)})
        case Concluded():
            state.pending = []
            state.conclusion = event.conclusion
        case Asked() | Answered() | LookedAgain() | Intended() | Ended() | Wasted():
            pass
        case _:
            assert_never(event)


def _take_answer(state: Conversation, event: Reasoned) -> None:
    state.answers += 1
    state.usage = state.usage + event.usage
    state.measured = _tokens(event.usage) - _tokens(event.wasted)  # what was asked in vain is not in the conversation
    state.thought = event.text or event.reasoning
    state.pending = list(event.calls)
    message: Message = {"role": "assistant", "content": event.text}
    if event.reasoning_key:
        message[event.reasoning_key] = event.reasoning
    if event.calls:
        message["tool_calls"] = [_wire(call) for call in event.calls]
    state.exchanges.append([message])


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _tell(state: Conversation, message: Message) -> None:
    (state.exchanges[-1] if state.exchanges else state.opening).append(message)


def _condense(state: Conversation, event: Condensed) -> None:
    """Take the first answers away, each with all its results, and put the words about them where the task stands."""
    state.exchanges = state.exchanges[max(0, event.answers - state.condensed) :]
    state.condensed, state.measured = max(state.condensed, event.answers), 0
    if event.result_chars:
        state.exchanges = [[_shortened(message, event.result_chars) for message in one] for one in state.exchanges]
    so_far = f"{state.task}\n\n# What this run has done so far\n\n{event.text}"
    state.opening = [state.opening[0], {"role": "user", "content": so_far}]


def _shortened(message: Message, chars: int) -> Message:
    return message | {"content": cut(message["content"], chars)} if message["role"] == "tool" else message


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

"""The effect ledger of a run: each call that changes something ends as done, not done or unknown (R4.8, R6.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from blueprint.policy import ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import AnomalyQuestion, Answer, ApprovalQuestion, Decision, Request, RequestState
from blueprint.stream import Intended, LookedAgain, Outcome, Returned
from reports.times import moment


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One call that changes something: how it ended, by whose leave, and what came back. `step` is 0 before any step."""

    call_id: str
    name: str
    arguments: Mapping[str, JsonValue]
    step: int
    outcome: Outcome
    leave: str
    result: str
    is_error: bool


@dataclass(kw_only=True)
class _Trace:
    """All that the records hold about one call."""

    call: ToolCall
    step: int = 0
    intended: Intended | None = None
    returned: Returned | None = None
    approvals: list[Request] = field(default_factory=list[Request])
    run_approval: Request | None = None
    settlement: Request | None = None
    voided: set[str] = field(default_factory=set[str])


def effects(entries: Sequence[JournalEntry], requests: Sequence[Request], timezone: str) -> tuple[Effect, ...]:
    """The ledger, in the order in which the calls were first asked about or made."""
    traces: dict[str, _Trace] = {}
    for request in requests:
        _take_request(traces, request)
    for entry in entries:
        _take_entry(traces, entry, requests)
    ordered = sorted(traces.values(), key=lambda trace: trace.call.id)
    return tuple(_effect(trace, timezone) for trace in ordered if _changes(trace))


def _take_request(traces: dict[str, _Trace], request: Request) -> None:
    match request.question:
        case ApprovalQuestion(call=call):
            traces.setdefault(call.id, _Trace(call=call)).approvals.append(request)
        case AnomalyQuestion(unknown_call=ToolCall() as call):
            traces.setdefault(call.id, _Trace(call=call)).settlement = request
        case _:
            pass


def _take_entry(traces: dict[str, _Trace], entry: JournalEntry, requests: Sequence[Request]) -> None:
    match entry.event:
        case Intended() as event:
            trace = traces.setdefault(event.call.id, _Trace(call=event.call))
            trace.intended, trace.step = event, entry.sequence
            trace.run_approval = next((request for request in requests if request.key == event.run_approval), None)
        case LookedAgain(moved=moved) as event if moved and event.call_id in traces:
            traces[event.call_id].voided.add(event.key)
        case Returned() as event:
            trace = traces.setdefault(event.call.id, _Trace(call=event.call))
            trace.returned, trace.step = event, entry.sequence
        case _:
            pass


def _changes(trace: _Trace) -> bool:
    if trace.returned:
        return trace.returned.changes
    return bool(trace.approvals) or (trace.intended is not None and not trace.intended.traits.is_read_only)


def _effect(trace: _Trace, timezone: str) -> Effect:
    return Effect(
        call_id=trace.call.id,
        name=trace.call.name,
        arguments=trace.call.arguments,
        step=trace.step,
        outcome=_outcome(trace),
        leave=_leave(trace, timezone),
        result=trace.returned.text if trace.returned else "",
        is_error=trace.returned.is_error if trace.returned else False,
    )


def _outcome(trace: _Trace) -> Outcome:
    if trace.returned:
        return trace.returned.outcome
    return Outcome.UNKNOWN if trace.intended else Outcome.NOT_DONE


def _leave(trace: _Trace, timezone: str) -> str:
    """Who allowed or refused the call, and who said afterwards what had become of it."""
    sentences = _first_leaves(trace, timezone)
    if trace.settlement:
        sentences.append(_settled(trace.settlement, timezone))
    elif trace.intended and not trace.returned:
        sentences.append("the run ended before an answer came")
    return "; ".join(sentence for sentence in sentences if sentence)


def _first_leaves(trace: _Trace, timezone: str) -> list[str]:
    if trace.approvals:
        void = "; void, because something had moved"
        return [_decided(one, timezone) + (void if one.key in trace.voided else "") for one in trace.approvals]
    if trace.run_approval:
        return [f"no new question: {_decided(trace.run_approval, timezone)}"]
    if trace.intended:
        return [f"allowed: {trace.intended.reason}"]
    return [trace.returned.text.partition("\n")[0]] if trace.returned else []


def _decided(request: Request, timezone: str) -> str:
    if request.answer is None:
        return _unanswered(request, timezone)
    words = {Decision.APPROVE: "approved", Decision.APPROVE_RUN: "approved for this run"}
    return _signed(words.get(request.answer.decision, "rejected"), request.answer, timezone)


def _settled(request: Request, timezone: str) -> str:
    if request.answer is None:
        return f"whether it happened: {_unanswered(request, timezone)}"
    words = {Decision.HAPPENED: "found to have happened", Decision.NOT_HAPPENED: "found not to have happened"}
    return _signed(words.get(request.answer.decision, "left open"), request.answer, timezone)


def _unanswered(request: Request, timezone: str) -> str:
    match request.state:
        case RequestState.CANCELLED:
            return "asked, then cancelled before an answer"
        case RequestState.OPEN:
            return f"asked, no answer yet (until {moment(request.deadline, timezone)})"
        case RequestState.EXPIRED | RequestState.ANSWERED:
            return f"asked, no answer by {moment(request.deadline, timezone)}"


def _signed(word: str, answer: Answer, timezone: str) -> str:
    said = f", who wrote: {answer.text}" if answer.text else ""
    return f"{word} by {answer.by} at {moment(answer.at, timezone)}{said}"

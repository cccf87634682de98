"""Folding a journal: what the model is shown fits every provider, at whatever point the run was interrupted (R4.8)."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as some

from agent.conversation import Conversation, fold
from agent.model.model import Message
from blueprint.notes import Note, NoteKind
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.requests import Answer, Decision
from blueprint.spending import spent
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
    ModelCall,
    Noted,
    Outcome,
    Reasoned,
    Returned,
    StreamEvent,
    Usage,
    Warned,
    Wasted,
)

BRIEFED = Briefed(system="You are careful.", task="Count.", model="scripted")
USAGE = Usage(input_tokens=10, output_tokens=2, cost=0.5)


@some.composite
def journals(draw: some.DrawFn) -> list[StreamEvent]:
    """Journals as the loop writes them: answers with any number of calls, each done, asked about, refused or misread."""
    events: list[StreamEvent] = [BRIEFED]
    for place in range(1, draw(some.integers(1, 5)) + 1):
        calls = tuple(_call(draw, f"c{place:05d}{index:03d}") for index in range(draw(some.integers(0, 4))))
        text, reasoning = draw(some.text(max_size=20)), draw(some.text(max_size=5))
        events.append(Reasoned(text=text, reasoning=reasoning, reasoning_key="reasoning_content", calls=calls, usage=USAGE))
        if not calls:
            events.append(Corrected(text="Call a tool."))
        for call in calls:
            events += _worked(draw, call)
        events += _said_between(draw, place)
    return events


def _said_between(draw: some.DrawFn, place: int) -> list[StreamEvent]:
    """What may stand between the results of one answer and the next one."""
    warned = Warned(about="loop", text="You go in circles.")
    condensed = Condensed(
        answers=draw(some.integers(0, place - 1)), text="So far.", result_chars=draw(some.sampled_from([0, 100]))
    )
    return draw(some.sampled_from([[], [warned], [condensed], [warned, condensed]]))


def _call(draw: some.DrawFn, call_id: str) -> ModelCall:
    raw = draw(some.sampled_from(['{"a": 1}', "{}", "", "{broken", "[1]", '"text"']))
    meant = ToolCall(id=call_id, server="host", tool="disk", arguments={}) if draw(some.booleans()) else None
    return ModelCall(id=call_id, wire_name="host__disk", raw_arguments=raw, call=meant, problem="" if meant else "No such tool.")


def _worked(draw: some.DrawFn, asked: ModelCall) -> list[StreamEvent]:
    call = asked.call or ToolCall(id=asked.id, server="", tool=asked.wire_name, arguments={})
    answer = Answer(decision=Decision.APPROVE, by="test", at=datetime(2027, 1, 1, tzinfo=UTC))
    before: list[StreamEvent] = []
    if asked.call and draw(some.booleans()):
        before += [
            Asked(key=f"approve-{call.id}", title="?", call_id=call.id),
            Answered(key=f"approve-{call.id}", title="?", answer=answer, call_id=call.id),
        ]
    if asked.call:
        attempts = draw(some.integers(1, 2))
        before += [Intended(call=call, traits=ToolTraits(), rule=Rule.AUTO, reason="") for _ in range(attempts)]
    if draw(some.booleans()):
        return [Noted(note=Note(kind=NoteKind.FINDING, text="Full."), call_id=call.id)]
    outcome = draw(some.sampled_from(Outcome))
    return [*before, Returned(call=call, outcome=outcome, is_error=draw(some.booleans()), text=draw(some.text(max_size=20)))]


@given(journals())
def test_every_call_of_a_whole_journal_is_followed_by_exactly_one_result_in_order(journal: list[StreamEvent]) -> None:
    state = fold(journal)
    assert state.pending == []
    assert _asked_and_given(state) == [(calls, calls) for calls, _ in _asked_and_given(state)]


@given(journals(), some.data())
def test_in_any_part_of_a_journal_only_the_pending_calls_lack_a_result(journal: list[StreamEvent], data: some.DataObject) -> None:
    state = fold(journal[: data.draw(some.integers(0, len(journal)))])
    exchanges = _asked_and_given(state)
    assert all(asked == given_ for asked, given_ in exchanges[:-1])
    pending = [call.id for call in state.pending]
    for asked, given_ in exchanges[-1:]:
        assert asked == given_ + pending


@given(journals())
def test_what_the_model_gets_is_json_that_every_provider_reads(journal: list[StreamEvent]) -> None:
    state = fold(journal)
    assert [message["role"] for message in state.messages[:2]] == ["system", "user"]
    for message in state.messages:
        assert isinstance(message["content"], str)
        for call in message.get("tool_calls", []):
            assert call["type"] == "function"
            assert call["function"]["arguments"] in ('{"a": 1}', "{}", "[1]", '"text"')


@given(journals())
def test_answers_and_what_they_cost_are_counted_over_all_executions(journal: list[StreamEvent]) -> None:
    state = fold(journal)
    answers = [event for event in journal if isinstance(event, Reasoned)]
    assert state.answers == len(answers)
    assert (state.usage.input_tokens, state.usage.cost) == (10 * len(answers), 0.5 * len(answers))
    assert state.thought == (answers[-1].text or answers[-1].reasoning)


@given(journals())
def test_folding_the_same_journal_twice_gives_the_same_conversation(journal: list[StreamEvent]) -> None:
    assert fold(journal) == fold(list(journal))


def test_an_empty_journal_is_a_conversation_that_has_not_begun() -> None:
    assert fold([]) == Conversation()


def test_a_conclusion_leaves_no_call_pending_and_ends_the_work() -> None:
    calls = tuple(ModelCall(id=f"c0000100{index}", wire_name="conclude", raw_arguments="{}") for index in range(2))
    conclusion = Conclusion(summary="Counted.")
    state = fold([BRIEFED, Reasoned(text="", calls=calls), Concluded(conclusion=conclusion), Ended(state="Success")])
    assert (state.pending, state.conclusion) == ([], conclusion)


def test_corrections_in_a_row_are_counted_and_a_real_result_ends_the_row() -> None:
    call = ToolCall(id="c00003000", server="host", tool="disk", arguments={})
    nowhere = ToolCall(id="c00002000", server="", tool="nothing", arguments={})
    misread = [Corrected(text="No."), Returned(call=nowhere, outcome=Outcome.NOT_DONE, is_error=True)]
    assert fold([BRIEFED, *misread]).corrections == 2
    assert fold([BRIEFED, *misread, Returned(call=call, outcome=Outcome.DONE)]).corrections == 0


def test_the_first_line_of_a_result_names_the_call_and_how_it_went() -> None:
    call = ToolCall(id="c00001000", server="host", tool="disk", arguments={})
    cases = [(Outcome.DONE, False), (Outcome.DONE, True), (Outcome.NOT_DONE, True), (Outcome.UNKNOWN, True)]
    contents = [
        fold([Returned(call=call, outcome=outcome, is_error=is_error, text="93 %")]).messages[0]["content"]
        for outcome, is_error in cases
    ]
    assert contents == [f"call c00001000 host.disk: {word}\n\n93 %" for word in ("ok", "error", "not done", "unknown")]


def test_what_the_provider_sent_with_a_call_is_sent_back_with_it() -> None:
    extra = ModelCall(id="c00001000", wire_name="a", raw_arguments="{}", extra={"extra_content": {"signature": "s"}})
    [message] = fold([Reasoned(text="", reasoning="Hm.", reasoning_key="reasoning", calls=(extra,))]).messages
    assert message["reasoning"] == "Hm."
    assert message["tool_calls"][0]["extra_content"] == {"signature": "s"}


def _asked_and_given(state: Conversation) -> list[tuple[list[str], list[str]]]:
    """For each answer with calls: the ids that it has, and those of the tool messages up to the next answer."""
    exchanges: list[tuple[list[str], list[str]]] = []
    for message in state.messages:
        if message["role"] == "assistant":
            exchanges.append((_ids(message), []))
        elif message["role"] == "tool":
            exchanges[-1][1].append(str(message["tool_call_id"]))
    return exchanges


def _ids(message: Message) -> list[str]:
    return [str(call["id"]) for call in message.get("tool_calls", [])]


def test_what_was_asked_in_vain_is_spent_but_makes_the_conversation_no_longer() -> None:
    wasted = Usage(input_tokens=9_000, output_tokens=1)
    events = [BRIEFED, Wasted(usage=USAGE), Reasoned(text="So far.", usage=USAGE + wasted, wasted=wasted)]
    assert fold(events).measured == 12
    assert spent(events) == USAGE + USAGE + wasted

"""A conversation stays within its model's window for as long as a run lasts, and loses nothing that must stay (R4.5)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.context.condensing import condensed
from agent.context.size import conversation_tokens
from agent.conversation import fold
from agent.loop import Brief, declarations, work
from agent.model.model import Message
from blueprint.errors import ModelUnavailable
from blueprint.policy import ToolCall
from blueprint.requests import Decision
from blueprint.stream import Briefed, Concluded, Condensed, ModelCall, Outcome, Reasoned, Returned, StreamEvent
from tests.fakes.long_work import READ, PatientReader, finding, reading, tokens_of
from tests.fakes.run import MemoryJournal, ToldPeople

WINDOW = 32_768
ANSWER = 4_096
TOOLS = declarations([READ])


def _brief(window: int = WINDOW - ANSWER) -> Brief:
    return Brief(system="You are careful.", task="Read the log.", step_limit=1_000, token_budget=10**9, context_tokens=window)


async def _read(
    pages: int, *, page_chars: int = 4_000, known: int = WINDOW - ANSWER, window: int = WINDOW - ANSWER
) -> tuple[PatientReader, MemoryJournal]:
    """A run over so many pages; `known` is the window by its settings, `window` what the model really takes."""
    reader, journal = PatientReader(pages=pages, window=window), MemoryJournal()
    people = ToldPeople(Decision.ANSWER, text="db-7, and only that one")
    async with reading(reader, journal, people, page_chars=page_chars) as agent:
        async for _ in work(agent, _brief(known)):
            pass
    return reader, journal


async def test_a_run_of_200_steps_ends_well_on_a_small_model_and_keeps_what_was_noted_and_said_word_for_word() -> None:
    reader, journal = await _read(200)
    assert isinstance(journal.events[-1], Concluded)
    assert (reader.steps, reader.refused) == (201, 0)
    assert max(reader.prompt_tokens) < WINDOW - ANSWER
    told = str(reader.last[1]["content"])
    noted = [step for step in range(10, 200, 10) if step != 100]
    kept = [message for message in reader.last[2:] if message["role"] == "assistant"]
    assert all(finding(step) in told for step in noted if step <= 200 - len(kept))
    assert "db-7, and only that one" in told
    _assert_pairs_are_whole(reader.last)
    whole = fold([event for event in journal.events if not isinstance(event, Condensed)])
    assert tokens_of(whole.messages) > 5 * WINDOW


async def test_what_is_sent_stays_the_same_from_its_start_for_many_steps() -> None:
    reader, journal = await _read(100)
    made = [event for event in journal.events if isinstance(event, Condensed)]
    shrunk = sum(later < before for before, later in pairwise(reader.prompt_tokens))
    assert 2 <= len(made) <= 10
    assert shrunk == len(made)


async def test_a_restart_finds_the_same_conversation() -> None:
    _, journal = await _read(60)
    place = max(place for place, event in enumerate(journal.events) if isinstance(event, Condensed))
    again = MemoryJournal(journal.events[: place + 1])
    assert fold(again.events).messages == fold(journal.events[: place + 1]).messages
    assert condensed(again.events, TOOLS, target=WINDOW // 2) is None


async def test_a_model_that_takes_less_than_its_settings_say_is_asked_again_with_less() -> None:
    reader, journal = await _read(40, known=100_000, window=16_000)
    assert isinstance(journal.events[-1], Concluded)
    assert 0 < reader.refused <= 10


async def test_a_model_that_takes_nothing_at_all_ends_the_run_with_its_reason() -> None:
    with pytest.raises(ModelUnavailable, match="longer than its context window"):
        await _read(5, window=100)


async def test_a_result_that_fills_the_window_by_itself_is_cut_and_can_be_read_again() -> None:
    reader, journal = await _read(3, page_chars=200_000)
    assert reader.refused == 0
    [first, *_] = [event for event in journal.events if isinstance(event, Condensed)]
    assert first.result_chars > 500
    assert first.tokens_after < WINDOW


@some.composite
def long_journals(draw: some.DrawFn) -> list[StreamEvent]:
    """Answers with several calls each, whose results are of very different sizes."""
    events: list[StreamEvent] = [Briefed(system="s", task="t", model="m")]
    for place in range(1, draw(some.integers(1, 12)) + 1):
        calls = [_call(place, index) for index in range(draw(some.integers(1, 3)))]
        asked = tuple(ModelCall(id=call.id, wire_name="log__read", raw_arguments="{}", call=call) for call in calls)
        events.append(Reasoned(text="I look.", calls=asked))
        for call in calls:
            text = "x" * draw(some.sampled_from([10, 1_000, 20_000]))
            events.append(Returned(call=call, outcome=Outcome.DONE, text=text, size=len(text)))
    return events


def _call(place: int, index: int) -> ToolCall:
    return ToolCall(id=f"c{place:05d}{index:03d}", server="log", tool="read", arguments={"page": place})


@given(long_journals(), some.integers(500, 20_000), some.integers(500, 20_000))
def test_no_call_is_ever_parted_from_its_result_however_often_a_conversation_is_condensed(
    journal: list[StreamEvent], first: int, second: int
) -> None:
    events = list(journal)
    for target in (first, second):
        before = conversation_tokens(fold(events), TOOLS)
        if event := condensed(events, TOOLS, target=target):
            events.append(event)
            assert event.tokens_after < before
            assert event.tokens_after == conversation_tokens(fold(events), TOOLS)
        _assert_pairs_are_whole(fold(events).messages)
    ids = [call.id for event in journal[-9:] if isinstance(event, Reasoned) for call in event.calls]
    assert all(call_id in str(fold(events).messages) for call_id in ids[-1:])


def _assert_pairs_are_whole(messages: list[Message]) -> None:
    assert [message["role"] for message in messages[:2]] == ["system", "user"]
    waiting: list[str] = []
    for message in messages[2:]:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
        else:
            assert waiting == []
            waiting = [str(call["id"]) for call in message.get("tool_calls", [])]
    assert waiting == []

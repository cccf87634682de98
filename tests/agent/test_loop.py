"""The agent's loop with a real endpoint and real tools: what it does, refuses, repeats and never repeats."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agent.loop import Agent, Brief, work
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.errors import LimitReached, ModelMisbehaved, Stopped
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.provenance import find_origins
from blueprint.requests import AnomalyQuestion, ApprovalQuestion, Decision
from blueprint.stream import Concluded, Conclusion, Intended, Noted, Outcome, Returned, StreamEvent
from tests.fakes.counter import Counter
from tests.fakes.model_server import ScriptedModel, calls, raw, says, scripted_model
from tests.fakes.run import MemoryJournal, ProcessEnded, ToldPeople, agent_at_work

BRIEF = Brief(system="You are careful.", task="Count.", step_limit=20, token_budget=100_000)
DONE = calls(("conclude", {"summary": "Counted.", "findings": []}))


async def _work(agent: Agent, brief: Brief = BRIEF) -> list[StreamEvent]:
    return [event async for event in work(agent, brief)]


def _returned(journal: MemoryJournal) -> list[Returned]:
    return [event for event in journal.events if isinstance(event, Returned)]


def _last_message(model: ScriptedModel) -> str:
    return str(model.requests[-1]["messages"][-1]["content"])


async def test_a_read_only_call_is_made_without_asking_and_its_result_reaches_the_model(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople()
    async with (
        scripted_model([calls(("counter__peek", {})), DONE]) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent,
    ):
        events = await _work(agent)
        assert _last_message(model).startswith("call c00001000 counter.peek: ok\n\n")
    assert events == list(journal.events)
    assert people.asked == []
    assert isinstance(events[-1], Concluded)
    assert events[-1].conclusion == Conclusion(summary="Counted.")


async def test_a_changing_call_is_made_only_after_a_person_approved_exactly_it(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(Decision.APPROVE)
    async with (
        scripted_model([calls(("counter__count", {"text": "one"}), text="I count, as asked."), DONE]) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent,
    ):
        await _work(agent)
    [(key, question)] = people.asked
    assert isinstance(question, ApprovalQuestion)
    assert (key, question.call.name, question.call.arguments) == ("approve-c00001000", "counter.count", {"text": "one"})
    assert question.why == "I count, as asked."
    assert counter.counts() == ["one"]
    intended = next(event for event in journal.events if isinstance(event, Intended))
    assert intended.approval == key


async def test_a_rejected_call_is_not_made_and_the_model_is_told(tmp_path: Path) -> None:
    counter, journal = Counter(folder=tmp_path), MemoryJournal()
    people = ToldPeople(Decision.REJECT, text="not on a Friday")
    async with (
        scripted_model([calls(("counter__count", {"text": "one"})), DONE]) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent,
    ):
        await _work(agent)
        assert "not on a Friday" in _last_message(model)
    assert counter.counts() == []
    assert [event.outcome for event in _returned(journal)] == [Outcome.NOT_DONE]


async def test_a_forbidden_call_is_not_made_and_nobody_is_asked(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople()
    policy = RiskPolicy(rules=(ToolRule(tool="counter.count", rule=Rule.FORBID),))
    async with (
        scripted_model([calls(("counter__count", {"text": "one"})), DONE]) as model,
        agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=journal, people=people, policy=policy
        ) as agent,
    ):
        await _work(agent)
        assert "Not allowed" in _last_message(model)
    assert (counter.counts(), people.asked) == ([], [])


async def test_a_run_that_waited_goes_on_where_it_was_and_asks_only_once(tmp_path: Path) -> None:
    counter, journal = Counter(folder=tmp_path), MemoryJournal()
    script = [calls(("counter__peek", {}), ("counter__count", {"text": "one"})), DONE]
    async with scripted_model(script) as model:
        with pytest.raises(ProcessEnded):
            async with agent_at_work(
                model_url=model.url, servers=[counter.connection()], journal=journal, people=ToldPeople()
            ) as agent:
                await _work(agent)
        people = ToldPeople(Decision.APPROVE)
        async with agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent:
            await _work(agent)
    assert counter.counts() == ["one"]
    assert len(counter.calls("peek", "start")) == 1
    assert [key for key, _ in people.asked] == ["approve-c00001001"]


async def test_a_changing_call_that_was_interrupted_is_not_repeated_but_asked_about(tmp_path: Path) -> None:
    counter, journal = Counter(folder=tmp_path), MemoryJournal()
    async with scripted_model([calls(("counter__count", {"text": "one"})), DONE]) as model:
        async with agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=journal, people=ToldPeople(Decision.APPROVE)
        ) as agent:
            async for event in work(agent, BRIEF):
                if isinstance(event, Returned):
                    break
        interrupted = MemoryJournal([event for event in journal.events if not isinstance(event, Returned)])
        people = ToldPeople(Decision.HAPPENED)
        async with agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=interrupted, people=people
        ) as agent:
            await _work(agent)
    [(key, question)] = people.asked
    assert key == "unknown-c00001000"
    assert isinstance(question, AnomalyQuestion)
    assert counter.counts() == ["one"]
    assert [event.outcome for event in _returned(interrupted)] == [Outcome.DONE]


async def test_a_changing_call_whose_server_died_in_it_is_asked_about_and_not_repeated(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(Decision.APPROVE, Decision.HAPPENED)
    slow = calls(("counter__count", {"text": "one", "after": 60}))
    async with (
        scripted_model([slow, DONE]) as model,
        agent_at_work(
            model_url=model.url, servers=[counter.connection(call_seconds=120)], journal=journal, people=people
        ) as agent,
        asyncio.TaskGroup() as together,
    ):
        together.create_task(_work(agent))
        await counter.wait_for("count", "effect")
        os.kill(counter.calls("count", "effect")[0]["pid"], signal.SIGKILL)
    assert [key for key, _ in people.asked] == ["approve-c00001000", "unknown-c00001000"]
    assert ([event.outcome for event in _returned(journal)], counter.counts()) == ([Outcome.DONE], ["one"])


async def test_an_interrupted_call_that_only_reads_is_made_again(tmp_path: Path) -> None:
    counter, journal = Counter(folder=tmp_path), MemoryJournal()
    async with scripted_model([calls(("counter__peek", {})), DONE]) as model:
        async with agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=journal, people=ToldPeople()
        ) as agent:
            async for event in work(agent, BRIEF):
                if isinstance(event, Returned):
                    break
        interrupted = MemoryJournal([event for event in journal.events if not isinstance(event, Returned)])
        async with agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=interrupted, people=ToldPeople()
        ) as agent:
            await _work(agent)
    assert len(counter.calls("peek", "end")) == 2
    assert [event.attempt for event in interrupted.events if isinstance(event, Intended)] == [1, 2]


async def test_a_stop_at_an_unknown_outcome_ends_the_run_with_the_word_unknown(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(Decision.APPROVE, Decision.STOP)
    async with (
        scripted_model([calls(("counter__count", {"text": "one", "before": 9})), DONE]) as model,
        agent_at_work(
            model_url=model.url, servers=[counter.connection(call_seconds=0.5)], journal=journal, people=people
        ) as agent,
    ):
        with pytest.raises(Stopped, match=r"counter\.count"):
            await _work(agent)
    assert [event.outcome for event in _returned(journal)] == [Outcome.UNKNOWN]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (says("I think I am done."), "called no tool"),
        (calls(("counter__paek", {})), "no tool 'counter__paek'; available: "),
        (calls(("conclude", {"findings": "none"})), "do not fit: summary"),
        (calls(("ask_person", {"kind": "choice", "title": "Which?", "text": "Which?"})), "at least two options"),
    ],
)
async def test_a_wrong_answer_costs_one_clear_message_to_the_model(tmp_path: Path, turn: object, told: str) -> None:
    counter = Counter(folder=tmp_path)
    async with (
        scripted_model([turn, DONE]) as model,  # pyright: ignore[reportArgumentType] parametrize knows no types
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=MemoryJournal(), people=ToldPeople()) as agent,
    ):
        await _work(agent)
        assert told in _last_message(model)


async def test_a_model_that_stays_unusable_ends_the_run(tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with (
        scripted_model([says("hm")] * 10) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=MemoryJournal(), people=ToldPeople()) as agent,
    ):
        with pytest.raises(
            ModelMisbehaved, match=r"5 times in a row; .* The last time it was told: 'Your answer called no tool\."
        ):
            await _work(agent)


@pytest.mark.parametrize(
    ("limits", "requests", "words"),
    [
        ({"step_limit": 2, "token_budget": 100_000}, 2, "used up its 2 steps"),
        ({"step_limit": 20, "token_budget": 1}, 1, "used up its 1 tokens"),
    ],
)
async def test_steps_and_tokens_are_limited_over_all_executions_of_a_run_and_a_person_is_asked_once(
    tmp_path: Path, limits: dict[str, int], requests: int, words: str
) -> None:
    counter, journal, stop = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(Decision.STOP)
    brief = Brief(system="s", task="t", step_limit=limits["step_limit"], token_budget=limits["token_budget"])
    async with scripted_model([calls(("counter__peek", {}))] * 3) as model:
        for people, end in ((ToldPeople(), ProcessEnded), (stop, LimitReached), (ToldPeople(), LimitReached)):
            async with agent_at_work(
                model_url=model.url, servers=[counter.connection()], journal=journal, people=people
            ) as agent:
                with pytest.raises(end, match=words if end is LimitReached else None):
                    await _work(agent, brief)
    assert len(model.requests) == requests
    assert len(stop.asked) == 1


async def test_an_answer_that_was_cut_off_is_told_apart_from_one_without_a_call(tmp_path: Path) -> None:
    cut = raw(b'data: {"choices": [{"delta": {"content": "I think that"}, "finish_reason": "length"}]}\n\ndata: [DONE]\n\n')
    async with (
        scripted_model([cut, DONE]) as model,
        agent_at_work(model_url=model.url, servers=[], journal=MemoryJournal(), people=ToldPeople()) as agent,
    ):
        await _work(agent)
        assert "cut off at the longest that an answer may be" in _last_message(model)


@pytest.mark.parametrize(
    ("tool", "decisions", "outcome"),
    [
        pytest.param("count", [Decision.HAPPENED], Outcome.DONE, id="asked about"),
        pytest.param("count_once", [], Outcome.UNKNOWN, id="repeatable, and not to be repeated now"),
    ],
)
async def test_a_call_that_was_begun_stays_in_the_ledger_when_its_server_does_not_come_back(
    tmp_path: Path, tool: str, decisions: list[Decision], outcome: Outcome
) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(*decisions)
    policy = RiskPolicy(rules=(ToolRule(tool="counter.*", rule=Rule.AUTO),))
    gone = ToolServerConnection(name="counter", server=StdioServer(command="/no/such/server"))
    async with scripted_model([calls((f"counter__{tool}", {"text": "one"})), DONE]) as model:
        async with agent_at_work(
            model_url=model.url, servers=[counter.connection()], journal=journal, people=people, policy=policy
        ) as agent:
            async for event in work(agent, BRIEF):
                if isinstance(event, Returned):
                    break
        interrupted = MemoryJournal([event for event in journal.events if not isinstance(event, Returned)])
        async with agent_at_work(model_url=model.url, servers=[gone], journal=interrupted, people=people, policy=policy) as agent:
            await _work(agent)
    assert [(event.outcome, event.changes) for event in _returned(interrupted)] == [(outcome, True)]
    assert counter.counts() == ["one"]


async def test_evidence_that_is_no_call_of_the_run_is_asked_about_once_and_then_taken_as_it_is(tmp_path: Path) -> None:
    journal = MemoryJournal()
    finding = {"title": "Full", "severity": "warning", "evidence": ["c00099000"]}
    unfounded = calls(("conclude", {"summary": "Looked.", "findings": [finding]}))
    async with (
        scripted_model([unfounded, unfounded]) as model,
        agent_at_work(model_url=model.url, servers=[], journal=journal, people=ToldPeople()) as agent,
    ):
        await _work(agent)
        assert "'Full' names 'c00099000', which is no call of this run." in _last_message(model)
    assert isinstance(journal.events[-1], Concluded)


async def test_a_note_is_in_the_journal_and_answered_like_a_call() -> None:
    journal = MemoryJournal()
    note = calls(("note", {"kind": "finding", "text": "The disk is full."}), ("note", {"kind": "rumour", "text": "?"}))
    async with (
        scripted_model([note, DONE]) as model,
        agent_at_work(model_url=model.url, servers=[], journal=journal, people=ToldPeople()) as agent,
    ):
        await _work(agent)
        first, second = [message["content"] for message in model.requests[-1]["messages"][-2:]]
    assert [event.note.text for event in journal.events if isinstance(event, Noted)] == ["The disk is full."]
    assert first == "call c00001000 note: ok\n\nNoted."
    assert "The arguments of 'note' do not fit: kind: " in second


async def test_what_is_read_again_of_a_result_counts_as_untrusted_as_the_result(tmp_path: Path) -> None:
    counter, journal, people = Counter(folder=tmp_path), MemoryJournal(), ToldPeople(Decision.REJECT)
    look = calls(("read_result", {"call": "c00001000", "position": 0}))
    script = [calls(("counter__garbage", {})), look, calls(("counter__count", {"text": "colour"})), DONE]
    async with (
        scripted_model(script) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent,
    ):
        await _work(agent)
    sources = find_origins(_returned(journal)[2].call, [], [entry for entry in journal.entries if entry.sequence > 4])
    assert [origin.source for origin in sources] == ["missions.read_result"]

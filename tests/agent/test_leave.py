"""Leave to make a call: once, for the run, by a standing rule; what is looked at again, and what is asked about anyway (R5.3)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.loop import Agent, Brief, work
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.requests import ApprovalQuestion, Decision
from blueprint.standing import StandingRule
from blueprint.stream import Intended, LookedAgain, Outcome, Returned
from tests.fakes.counter import Counter
from tests.fakes.model_server import Turn, calls, scripted_model
from tests.fakes.records import standing_rule
from tests.fakes.run import MemoryJournal, ProcessEnded, ToldPeople, agent_at_work

BRIEF = Brief(system="You are careful.", task="Count.", step_limit=20, token_budget=100_000)
DONE = calls(("conclude", {"summary": "Counted.", "findings": []}))
LATE = timedelta(minutes=11)
NOW = datetime.now(UTC)


def _count(text: str) -> Turn:
    return calls(("counter__count", {"text": text}))


def _rule(text: str) -> StandingRule:
    return standing_rule(NOW, tool="counter.count", arguments={"text": text})


@asynccontextmanager
async def _agent(
    folder: Path, script: list[Turn], journal: MemoryJournal, people: ToldPeople, **more: Any
) -> AsyncGenerator[Agent]:
    server = Counter(folder=folder).connection()
    async with (
        scripted_model(script) as model,
        agent_at_work(model_url=model.url, servers=[server], journal=journal, people=people, **more) as agent,
    ):
        yield agent


async def _work(folder: Path, script: list[Turn], journal: MemoryJournal, people: ToldPeople, **more: Any) -> None:
    async with _agent(folder, script, journal, people, **more) as agent:
        async for _ in work(agent, BRIEF):
            pass


def _leaves(journal: MemoryJournal) -> list[tuple[str, str, str]]:
    begun = [event for event in journal.events if isinstance(event, Intended) and event.rule is Rule.ASK]
    return [(event.approval, event.run_approval, event.standing_rule) for event in begun]


def _questions(people: ToldPeople) -> list[tuple[str, ApprovalQuestion]]:
    return [(key, question) for key, question in people.asked if isinstance(question, ApprovalQuestion)]


async def test_a_tool_that_is_approved_for_the_run_is_asked_about_once(tmp_path: Path) -> None:
    journal, people = MemoryJournal(), ToldPeople(Decision.APPROVE_RUN)
    await _work(tmp_path, [_count("one"), _count("two"), DONE], journal, people)
    assert Counter(folder=tmp_path).counts() == ["one", "two"]
    assert _leaves(journal) == [("approve-c00001000", "", ""), ("", "approve-c00001000", "")]


async def test_leave_for_the_run_outlives_a_restart_and_does_not_cover_another_tool(tmp_path: Path) -> None:
    journal, people = MemoryJournal(), ToldPeople(Decision.APPROVE_RUN)
    script = [_count("one"), calls(("counter__count_once", {"text": "two"})), _count("three"), DONE]
    with pytest.raises(ProcessEnded):
        await _work(tmp_path, script, journal, people)
    later = ToldPeople(Decision.REJECT)
    await _work(tmp_path, script[2:], journal, later)
    assert [question.call.name for _, question in _questions(later)] == ["counter.count_once"]
    assert Counter(folder=tmp_path).counts() == ["one", "three"]


async def test_a_rejection_takes_leave_for_the_run_back(tmp_path: Path) -> None:
    journal, people = MemoryJournal(), ToldPeople(Decision.APPROVE_RUN, Decision.REJECT, Decision.REJECT)
    script = [_count("alpha"), calls(("counter__peek", {})), _count("alpha"), _count("beta"), DONE]
    await _work(tmp_path, script, journal, people)
    assert Counter(folder=tmp_path).counts() == ["alpha"]
    assert [key for key, _ in people.asked] == ["approve-c00001000", "approve-c00003000", "approve-c00004000"]


@pytest.mark.parametrize("leave", ["run", "rule"])
async def test_a_call_whose_argument_comes_from_a_result_is_asked_about_whatever_leave_there_is(
    tmp_path: Path, leave: str
) -> None:
    (tmp_path / "counts").write_text("planted\n")
    journal = MemoryJournal()
    people = ToldPeople(*([Decision.APPROVE_RUN] if leave == "run" else []), Decision.REJECT)
    rules = [_rule("*")] if leave == "rule" else []
    script = [_count("one"), calls(("counter__peek", {})), _count("planted"), DONE]
    await _work(tmp_path, script, journal, people, rules=rules)
    _, question = _questions(people)[-1]
    [origin] = question.origins
    assert (origin.argument, origin.words, origin.source) == ("text", "planted", "counter.peek")
    assert Counter(folder=tmp_path).counts() == ["planted", "one"]


async def test_a_value_that_the_goal_names_is_not_asked_about_though_a_result_has_it_too(tmp_path: Path) -> None:
    (tmp_path / "counts").write_text("planned\n")
    journal, people = MemoryJournal(), ToldPeople()
    script = [calls(("counter__peek", {})), _count("planned"), DONE]
    await _work(tmp_path, script, journal, people, rules=[_rule("plan*")], trusted=["Count what is planned."])
    assert (people.asked, _leaves(journal)) == ([], [("", "", "r-1")])
    reason = next(event.reason for event in journal.events if isinstance(event, Intended) and event.standing_rule)
    assert "standing rule r-1 by command:alice" in reason


async def test_a_standing_rule_never_lifts_what_is_forbidden(tmp_path: Path) -> None:
    journal, people = MemoryJournal(), ToldPeople()
    policy = RiskPolicy(rules=(ToolRule(tool="counter.count", rule=Rule.FORBID),))
    await _work(tmp_path, [_count("one"), DONE], journal, people, rules=[_rule("*")], policy=policy)
    assert (Counter(folder=tmp_path).counts(), people.asked) == ([], [])


class LatePeople(ToldPeople):
    """People who take their time: `meanwhile` happens before each answer comes."""

    def __init__(self, journal: MemoryJournal, counter: Counter, *decisions: Decision, changes: int = 0) -> None:
        super().__init__(*decisions)
        self._journal, self._counter, self._changes = journal, counter, changes

    async def decide(self, **asked: Any) -> Any:
        answer = await super().decide(**asked)
        self._journal.now += LATE
        if self._changes:
            self._changes -= 1
            with (self._counter.folder / "counts").open("a") as file:
                file.write("meanwhile\n")
        return answer


@pytest.fixture
def seen(tmp_path: Path) -> Counter:
    """A counter whose lines name what the call is about, so that reading them is evidence."""
    (tmp_path / "counts").write_text("one\n")
    return Counter(folder=tmp_path)


PEEK_THEN_COUNT = [calls(("counter__peek", {})), _count("one"), DONE]


async def test_a_late_approval_counts_when_what_was_seen_is_as_it_was(seen: Counter) -> None:
    journal = MemoryJournal()
    people = LatePeople(journal, seen, Decision.APPROVE)
    await _work(seen.folder, PEEK_THEN_COUNT, journal, people)
    [looked] = [event for event in journal.events if isinstance(event, LookedAgain)]
    assert (looked.key, looked.moved, len(looked.evidence)) == ("approve-c00002000", (), 1)
    assert (seen.counts(), len(seen.calls("peek", "end"))) == (["one", "one"], 2)


async def test_a_late_approval_is_void_when_something_moved_and_the_person_is_asked_anew(seen: Counter) -> None:
    journal = MemoryJournal()
    people = LatePeople(journal, seen, Decision.APPROVE, Decision.APPROVE, changes=1)
    await _work(seen.folder, PEEK_THEN_COUNT, journal, people)
    assert [key for key, _ in people.asked] == ["approve-c00002000", "approve-c00002000-2"]
    first, second = [question for _, question in _questions(people)]
    assert (first.moved, first.evidence_digest != second.evidence_digest) == ((), True)
    assert "meanwhile" in second.moved[0]
    assert _leaves(journal) == [("approve-c00002000-2", "", "")]
    assert seen.counts() == ["one", "meanwhile", "one"]


async def test_leave_for_the_run_is_void_too_when_something_moved(seen: Counter) -> None:
    journal = MemoryJournal()
    people = LatePeople(journal, seen, Decision.APPROVE_RUN, Decision.APPROVE, Decision.REJECT, changes=1)
    await _work(seen.folder, [*PEEK_THEN_COUNT[:2], _count("other"), DONE], journal, people)
    assert [key for key, _ in people.asked] == ["approve-c00002000", "approve-c00002000-2", "approve-c00003000"]
    assert seen.counts() == ["one", "meanwhile", "one"]


async def test_a_restart_after_a_look_asks_the_same_new_question(seen: Counter) -> None:
    journal = MemoryJournal()
    people = LatePeople(journal, seen, Decision.APPROVE, changes=1)
    with pytest.raises(ProcessEnded):
        await _work(seen.folder, PEEK_THEN_COUNT, journal, people)
    later = ToldPeople(Decision.REJECT)
    await _work(seen.folder, PEEK_THEN_COUNT[2:], journal, later)
    assert [key for key, _ in later.asked] == ["approve-c00002000-2"]
    assert later.asked[0][1] == people.asked[1][1]
    assert [event.outcome for event in journal.events if isinstance(event, Returned)] == [Outcome.DONE, Outcome.NOT_DONE]


async def test_an_approval_in_time_is_not_looked_at_again(seen: Counter) -> None:
    journal, people = MemoryJournal(), ToldPeople(Decision.APPROVE)
    await _work(seen.folder, PEEK_THEN_COUNT, journal, people)
    [(_, question)] = _questions(people)
    assert [(one.call.name, one.step) for one in question.evidence] == [("counter.peek", 4)]
    assert len(seen.calls("peek", "end")) == 1


async def test_what_can_not_be_looked_at_again_makes_a_late_approval_void(seen: Counter) -> None:
    journal = MemoryJournal()
    people = LatePeople(journal, seen)
    with pytest.raises(ProcessEnded):
        await _work(seen.folder, PEEK_THEN_COUNT, journal, people)
    later = LatePeople(journal, seen, Decision.APPROVE, Decision.REJECT)
    policy = RiskPolicy(rules=(ToolRule(tool="counter.peek", rule=Rule.ASK),))
    await _work(seen.folder, PEEK_THEN_COUNT[2:], journal, later, policy=policy)
    assert "can't be called to look again" in _questions(later)[-1][1].moved[0]
    assert len(seen.calls("peek", "end")) == 1


async def test_a_call_that_was_begun_and_is_forbidden_since_is_settled_by_a_person(tmp_path: Path) -> None:
    journal, people = MemoryJournal(), ToldPeople(Decision.APPROVE)
    async with _agent(tmp_path, [_count("one"), DONE], journal, people) as agent:
        async for event in work(agent, BRIEF):
            if isinstance(event, Returned):
                break
    interrupted = MemoryJournal([event for event in journal.events if not isinstance(event, Returned)])
    policy = RiskPolicy(rules=(ToolRule(tool="counter.count", rule=Rule.FORBID),))
    await _work(tmp_path, [DONE], interrupted, ToldPeople(Decision.HAPPENED), policy=policy)
    [back] = [event for event in interrupted.events if isinstance(event, Returned)]
    assert (back.outcome, back.changes, Counter(folder=tmp_path).counts()) == (Outcome.DONE, True, ["one"])

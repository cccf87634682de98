"""A run's budgets, counted from its journal: told of at four fifths, asked about at the end, raised or ended by a person."""

from typing import Any

import pytest

from agent.budgets import keep_within
from agent.conversation import fold
from blueprint.budget import Amounts, Measure
from blueprint.errors import LimitReached
from blueprint.requests import AnomalyQuestion, Decision
from blueprint.stream import Briefed, Raised, Reasoned, StreamEvent, Usage, Warned
from tests.fakes.run import MemoryJournal, ProcessEnded, ToldPeople

PLANNED = Amounts(steps=10, tokens=5_000, cost=1, time=600)


def _after(steps: int, *, tokens: int = 0, cost: float = 0) -> list[StreamEvent]:
    """The journal of a run that has made so many steps, each with this usage."""
    usage = Usage(input_tokens=tokens, cost=cost)
    return [Briefed(system="s", task="t", model="m"), *[Reasoned(text="I look on.", usage=usage) for _ in range(steps)]]


async def _keep(journal: MemoryJournal, *decisions: Decision, worked: float = 0, text: str = "") -> ToldPeople:
    people = ToldPeople(*decisions, text=text)
    await keep_within(PLANNED, journal=journal, approver=people, worked=worked)
    return people


@pytest.mark.parametrize(
    ("events", "worked", "about", "words"),
    [
        pytest.param(_after(8), 0, Measure.STEPS, "This run has used 8 of 10 steps. Come", id="steps"),
        pytest.param(_after(4, tokens=1_000), 0, Measure.TOKENS, "This run has used 4,000 of 5,000 tokens.", id="tokens"),
        pytest.param(_after(7, cost=0.12), 0, Measure.COST, "This run has used 0.84 of 1.00 in cost.", id="cost"),
        pytest.param(_after(1), 480, Measure.TIME, "This run has used 8 minutes of 10 minutes.", id="time"),
    ],
)
async def test_a_budget_that_runs_low_is_told_to_the_model_once(
    events: list[StreamEvent], worked: float, about: Measure, words: str
) -> None:
    journal = MemoryJournal(events)
    for _ in range(2):
        await _keep(journal, worked=worked)
    [warned] = [event for event in journal.events if isinstance(event, Warned) and event.about is about]
    assert warned.text.startswith(words)
    assert {"role": "user", "content": warned.text} in fold(journal.events).messages


@pytest.mark.parametrize(
    ("events", "worked", "title", "told"),
    [
        pytest.param(_after(10), 0, "go on beyond 10 steps?", "used 10 of 10 steps.", id="steps"),
        pytest.param(_after(4, tokens=1_100), 0, "go on beyond 5,000 tokens?", "probably take 1,100 tokens.", id="tokens"),
        pytest.param(_after(3, cost=0.3), 0, "go on beyond 1.00 in cost?", "used 0.90 of 1.00 in cost, and", id="cost"),
        pytest.param(_after(1), 595, "go on beyond 10 minutes?", "used 10 minutes of 10 minutes", id="time"),
    ],
)
async def test_a_person_is_asked_before_the_step_that_would_not_fit(
    events: list[StreamEvent], worked: float, title: str, told: str
) -> None:
    journal, people = MemoryJournal(events), ToldPeople()
    with pytest.raises(ProcessEnded):
        await keep_within(PLANNED, journal=journal, approver=people, worked=worked)
    [(_, question)] = people.asked
    assert isinstance(question, AnomalyQuestion)
    assert told in question.what
    assert 'The last that the agent said: "I look on."' in question.what
    assert [event.title for event in journal.events if event.kind == "asked"] == [title]


async def test_who_lets_it_go_on_gives_it_as_much_again_and_their_words_to_the_model() -> None:
    journal = MemoryJournal(_after(10))
    await _keep(journal, Decision.CONTINUE, text="look at the disks first")
    words = "A person allows this run 10 steps more. They wrote: 'look at the disks first'."
    assert journal.events[-1] == Raised(measure=Measure.STEPS, limit=20, text=words)
    assert fold(journal.events).messages[-1]["content"] == words
    assert (await _keep(journal)).asked == []


async def test_a_second_end_is_a_question_of_its_own() -> None:
    journal = MemoryJournal(_after(10))
    first = await _keep(journal, Decision.CONTINUE)
    for event in _after(10)[1:]:
        await journal.append(event)
    second = await _keep(journal, Decision.CONTINUE)
    assert [key for people in (first, second) for key, _ in people.asked] == ["budget-steps-1", "budget-steps-2"]


async def test_an_answer_that_is_in_the_journal_is_not_asked_for_again() -> None:
    journal = MemoryJournal(_after(10))
    await _keep(journal, Decision.CONTINUE)
    killed = MemoryJournal(journal.events[:-1])
    assert (await _keep(killed)).asked == []
    assert killed.events[-1] == journal.events[-1]


async def test_who_stops_it_ends_the_run_with_the_reason() -> None:
    with pytest.raises(
        LimitReached, match=r"used up its 10 steps, and test let it end there: 'enough'\. Raise step_limit in the plan"
    ):
        await _keep(MemoryJournal(_after(10)), Decision.STOP, text="enough")


@pytest.mark.parametrize("planned", [Amounts(steps=10), Amounts(steps=10, tokens=1)], ids=["no other limit", "a tiny one"])
async def test_the_first_step_is_always_made(planned: Any) -> None:
    people = ToldPeople()
    await keep_within(planned, journal=MemoryJournal(_after(0)), approver=people, worked=0)
    assert people.asked == []

"""From a reply to the one typed answer, by the same rules at every door (R5.5)."""

from datetime import UTC, datetime

import pytest

from blueprint.errors import InvalidInput
from blueprint.requests import ChoiceQuestion, Decision, InformationQuestion, ReviewQuestion
from flows.people.reading import Reply, read_answer
from tests.blocks.examples import request

AT = datetime(2026, 11, 21, tzinfo=UTC)
MAY_IT = request()
NUMBERS = request(question=ChoiceQuestion(question="Which?", options=("2", "1")))
TWO = request(question=InformationQuestion(questions=("When?", "Where?")))
PLAN = request(question=ReviewQuestion(plan_version=1, plan_digest="d", page="# Plan"))


def test_words_are_read_and_the_answer_says_so_and_keeps_them() -> None:
    answer = read_answer(MAY_IT, Reply(text="do not proceed; switch to plan B"), by="command:alice", at=AT)
    assert (answer.decision, answer.is_read, answer.text) == (Decision.REJECT, True, "do not proceed; switch to plan B")
    chosen = read_answer(MAY_IT, Reply(decision=Decision.REJECT, text="yes"), by="command:alice", at=AT)
    assert (chosen.decision, chosen.is_read) == (Decision.REJECT, False)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Reply(text="sure but not on prod"), "more in it than a yes"),
        (Reply(text=""), "empty"),
        (Reply(text="x" * 100_000), "100,000 characters"),
        (Reply(decision=Decision.APPROVE, text="but not on prod"), "no plain yes"),
        (Reply(decision=Decision.LAUNCH), "launch does not answer"),
        (Reply(decision=Decision.REJECT, text="x" * 30_000), "at most 20,000"),
    ],
)
def test_what_is_not_clearly_one_decision_is_refused_with_the_reason(said: Reply, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_answer(MAY_IT, said, by="command:alice", at=AT)


def test_a_form_that_chose_an_option_by_its_words_is_not_taken_for_a_number() -> None:
    assert read_answer(NUMBERS, Reply(decision=Decision.CHOOSE, choice="1"), by="console", at=AT).choice == "1"
    with pytest.raises(InvalidInput, match="more than one"):
        read_answer(NUMBERS, Reply(text="1"), by="command:alice", at=AT)


def test_questions_take_one_text_each_or_one_for_all() -> None:
    assert read_answer(TWO, Reply(text="now"), by="a", at=AT).answers == ("now", "now")
    assert read_answer(TWO, Reply(answers=("now", "here")), by="a", at=AT).answers == ("now", "here")
    for said in (Reply(), Reply(answers=("a", "b", "c"))):
        with pytest.raises(InvalidInput):
            read_answer(TWO, said, by="a", at=AT)


def test_a_change_of_the_plan_says_in_words_what_is_to_be_different() -> None:
    assert read_answer(PLAN, Reply(text="change: hourly"), by="a", at=AT).decision is Decision.CHANGE
    with pytest.raises(InvalidInput, match="say in words"):
        read_answer(PLAN, Reply(decision=Decision.CHANGE), by="a", at=AT)

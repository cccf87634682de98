"""Which decisions answer which question; the same table for every door (R5.1)."""

import pytest

from blueprint.policy import ToolCall
from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Question,
    ReviewQuestion,
    fitting_decisions,
)

CALL = ToolCall(id="c00001000", server="host", tool="clean_scratch", arguments={"days": 7})
REVIEW = ReviewQuestion(plan_version=1, plan_digest="d", page="# Plan")
TABLE: list[tuple[Question, set[str]]] = [
    (ApprovalQuestion(call=CALL, why="Because.", risk="It changes something."), {"approve", "approve_for_this_run", "reject"}),
    (InformationQuestion(questions=("When?",)), {"answer"}),
    (ChoiceQuestion(question="Which?", options=("a", "b")), {"choose"}),
    (AnomalyQuestion(what="Odd."), {"continue", "stop"}),
    (AnomalyQuestion(what="Lost.", unknown_call=CALL), {"happened", "not_happened", "stop"}),
    (REVIEW, {"launch", "change", "keep_draft"}),
    (REVIEW.model_copy(update={"can_launch": False}), {"change", "keep_draft"}),
]


@pytest.mark.parametrize(("question", "decisions"), TABLE)
def test_each_kind_of_question_has_its_decisions(question: Question, decisions: set[str]) -> None:
    assert set(fitting_decisions(question)) == decisions


def test_every_decision_fits_some_question() -> None:
    assert {decision for question, _ in TABLE for decision in fitting_decisions(question)} == set(Decision)


def test_an_approval_is_bound_to_the_call_and_not_to_the_words_around_it() -> None:
    one = ApprovalQuestion(call=CALL, why="Because.", risk="High.")
    other = ApprovalQuestion(call=CALL.model_copy(update={"id": "c00009000"}), why="Else.", risk="Low.", undo="Move it back.")
    changed = ApprovalQuestion(call=CALL.model_copy(update={"arguments": {"days": 0}}), why="Because.", risk="High.")
    assert one.digest == other.digest != changed.digest

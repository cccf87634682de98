"""Questions to people: what is shown before they answer."""

from datetime import timedelta
from pathlib import Path

import pytest

from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Evidence,
    InformationQuestion,
    Origin,
    Question,
    Request,
    ReviewQuestion,
)
from reports.forms import question_in_short, question_page, question_text
from tests.reports import runs
from tests.reports.hostile import VALID, tokens

APPROVAL, UNKNOWN = runs.unknown().requests


def _request(question: Question) -> Request:
    deadline = runs.START + timedelta(hours=3)
    return APPROVAL.model_copy(update={"title": "Which host?", "question": question, "deadline": deadline})


@pytest.mark.parametrize(("name", "request_"), [("approval", APPROVAL), ("unknown_call", UNKNOWN)])
def test_a_question_about_a_call_reads_as_in_its_snapshot(name: str, request_: Request) -> None:
    shown = f"{question_page(request_, 'Europe/Berlin')}\n=====\n\n{question_text(request_, 'Europe/Berlin')}"
    assert shown == (Path(__file__).parent / "snapshots" / f"question_{name}.md").read_text(encoding="utf-8")


def test_an_approval_shows_all_of_a_long_call() -> None:
    arguments = {"script": "# harmless\n" * 30_000 + "rm -rf /"}
    call = runs.REMOVE.model_copy(update={"arguments": arguments})
    question = ApprovalQuestion(call=call, why="", risk="it changes something")
    for shown in (question_page(_request(question), "UTC"), question_text(_request(question))):
        assert "rm -rf /" in shown
        assert shown.count("# harmless") == 30_000


def test_an_approval_shows_what_moved_what_was_seen_and_which_arguments_no_person_wrote() -> None:
    assert isinstance(APPROVAL.question, ApprovalQuestion)
    seen = Evidence(call=runs.DISKS, step=4, result="0" * 64, excerpt='{"disks": []}')
    origin = Origin(argument="directory", words="scratch", source="host.disk_usage", step=4)
    question = APPROVAL.question.model_copy(update={"evidence": (seen,), "origins": (origin,), "moved": ("The disk is gone.",)})
    page, text = question_page(_request(question), "UTC"), question_text(_request(question))
    assert "**An earlier approval of this call is void**, because something has moved since:\n\n- The disk is gone.\n" in page
    assert "- `directory`: `scratch`, from host.disk_usage (step 4)\n" in page
    assert '- `host.disk_usage` with `{}` (step 4): `{"disks": []}`' in page
    assert 'Mind:      directory has "scratch" from host.disk_usage (step 4), not from a person' in text
    assert "Moved:     The disk is gone. The earlier approval is void." in text
    assert 'Seen:      host.disk_usage (step 4): {"disks": []}' in text


def test_questions_are_numbered() -> None:
    page = question_page(_request(InformationQuestion(questions=("Which disks?", "How full is too full?"))), "UTC")
    assert "## Which host?\n\n1. Which disks?\n2. How full is too full?\n" in page
    assert "**Answer by Sat 2026-11-21 04:00, UTC.**" in page


def test_options_can_be_chosen_from_in_both_forms() -> None:
    request = _request(ChoiceQuestion(question="How?", options=("Wait", "Restart")))
    assert "How?\n\n1. Wait\n2. Restart\n" in question_page(request, "UTC")
    assert "  1. Wait\n  2. Restart\n\nAnswers: choose. Open until Sat 2026-11-21 04:00, UTC." in question_text(request)


def test_an_anomaly_says_what_the_answers_mean() -> None:
    page = question_page(_request(AnomalyQuestion(what="The disk grew by 40 %.")), "UTC")
    assert "The disk grew by 40 %.\n\n*Continue*, or *stop* to end the run" in page


def test_a_review_is_its_page_and_a_deadline() -> None:
    review = ReviewQuestion(plan_version=1, plan_digest="0" * 64, page="# Plan 1: A\n\n| a |\n|---|\n| **b** |\n")
    page = question_page(_request(review), "UTC")
    assert page.startswith("# Plan 1: A\n\n| a |\n|---|\n| **b** |\n")
    assert page.endswith("Without an answer the plan stays a draft.\n")


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_hostile_text_in_any_question_stays_text(text: str) -> None:
    call = runs.REMOVE.model_copy(update={"server": text, "tool": text, "arguments": {text: text}})
    seen = Evidence(call=call, step=4, result="0" * 64, excerpt=text)
    origin = Origin(argument=text, words=text, source=text, step=4)
    questions: tuple[Question, ...] = (
        ApprovalQuestion(call=call, about=text, why=text, risk=text, undo=text),
        ApprovalQuestion(call=call, why=text, risk=text, evidence=(seen,), origins=(origin,), moved=(text,)),
        InformationQuestion(questions=(text,)),
        ChoiceQuestion(question=text, options=(text, "b")),
        AnomalyQuestion(what=text, unknown_call=call),
    )
    for question in questions:
        request = _request(question).model_copy(update={"title": text})
        found = {token.type for token in tokens(question_page(request, "UTC"))}
        assert not {"html_inline", "html_block", "image", "link_open", "code_block"} & found
        assert not {"\x1b", "\u202e", "\x07", "\u2028"} & set(question_text(request))


def test_in_a_list_a_question_is_told_in_a_few_lines_that_leave_nothing_to_guess() -> None:
    call = runs.REMOVE.model_copy(update={"arguments": {"path": "/srv/it's", "deep": True}})
    review = ReviewQuestion(plan_version=3, plan_digest="d", page="# Plan", replaces=2)
    questions: tuple[Question, ...] = (
        ApprovalQuestion(call=call, why="It is\nfull.", risk="it changes something"),
        InformationQuestion(questions=("When?", "Whom to tell?")),
        ChoiceQuestion(question="Which?", options=("left", "right")),
        AnomalyQuestion(what="The disk is gone."),
        review,
        review.model_copy(update={"replaces": None}),
    )
    shown = [question_in_short(_request(question).model_copy(update={"mission_id": "m-1"})) for question in questions]
    assert shown == [
        f'  Call: {call.server}.{call.tool} {{"path": "/srv/it\'s", "deep": true}}\n  Why:  It is full.',
        "  1. When?\n  2. Whom to tell?",
        "  Which?\n  1. left\n  2. right",
        "  The disk is gone.",
        "  To see it: missions plan m-1 --version 3 --against 2",
        "  To see it: missions plan m-1 --version 3",
    ]

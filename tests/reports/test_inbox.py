"""The message center's page (R7.4)."""

from datetime import timedelta

from blueprint.records import Message
from reports.inbox import inbox_page
from tests.blocks.examples import NOW, request
from tests.reports.hostile import kinds


def test_open_questions_come_first_with_the_time_left_and_words_stay_words() -> None:
    asked = request().model_copy(
        update={"asked_at": NOW, "deadline": NOW + timedelta(minutes=45), "title": "<b>Delete</b> | all?"}
    )
    told = Message.model_validate(
        {"id": "m", "mission_id": "hosts", "run_id": "run-1", "event": "error", "title": "![x](http://e)", "body": "", "at": NOW}
    )
    page = inbox_page([asked], [told], now=NOW, titles={"hosts": "Hosts"}, pages={"run-1": "http://ui/run-1"})
    assert page.index("Waiting for an answer") < page.index("## Messages")
    assert "| 45 min |" in page
    assert "1 open question, 1 unread message." in page
    assert kinds(page) & {"html_inline", "image"} == set()
    assert "[run-1](http://ui/run-1)" in page


def test_what_went_wrong_comes_with_its_reason_and_the_mission_is_named_once() -> None:
    wrong = {
        "id": "m",
        "mission_id": "hosts",
        "event": "error",
        "title": "Hosts: Disks failed",
        "body": "It is\nfull.",
        "at": NOW,
    }
    ended = wrong | {"id": "n", "event": "report", "title": "Hosts: Disks ended with Success", "body": "All is well."}
    page = inbox_page(
        [], [Message.model_validate(wrong), Message.model_validate(ended)], now=NOW, titles={"hosts": "Hosts"}, pages={}
    )
    assert "| Disks failed: It is full. | Hosts |" in page
    assert "| Disks ended with Success | Hosts |" in page


def test_an_empty_inbox_says_so() -> None:
    assert inbox_page([], [], now=NOW, titles={}, pages={}).rstrip().endswith("None.")

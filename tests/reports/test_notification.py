"""Notifications in each dialect: whole, under the limit, and nothing in a text pings, links or is markup (R7.2, R9.2)."""

import json
from datetime import timedelta

import pytest

from blueprint.notification import Dialect
from blueprint.records import Message
from blueprint.requests import Request
from blueprint.stream import Severity
from reports.notification import Notification, Told, outgoing
from tests.blocks.examples import NOW, request
from tests.reports.hostile import VALID, kinds

PINGS = "<!channel> <!here> <@U123> <@all> <at id=all></at> <at>all</at> @everyone @here @all @13800000000"
CHATS = [Dialect.TEXT, Dialect.MARKDOWN, Dialect.LARK, Dialect.SLACK, Dialect.WECOM]
ANSWER = "https://missions.example/answer/abc.def"


def told(title: str = "Clean scratch?", body: str = "All well.", event: str = "report", asked: Request | None = None) -> Told:
    known = {"id": "m-1", "mission_id": "hosts", "event": event, "severity": Severity.WARNING, "title": title, "body": body}
    message = Message.model_validate(known | {"at": NOW})
    return Told(message=message, mission="Hosts", zone="UTC", request=asked, answer_url=ANSWER if asked else "", page_url="")


def one(told: Told, dialect: Dialect, most_bytes: int = 20_000) -> tuple[str, str]:
    made = outgoing(Notification(id="n-1", told=(told,), now=NOW), dialect, most_bytes)
    return made.title, made.body


@pytest.mark.parametrize("dialect", CHATS)
def test_nothing_in_a_text_calls_anybody_or_is_an_address(dialect: Dialect) -> None:
    title, body = one(told(title=PINGS, body=f"{PINGS} https://evil.example/x [click](https://evil.example)"), dialect)
    for written in (title, body):
        assert "<!" not in written
        assert "<@" not in written
        assert "<at" not in written
        assert "@everyone" not in written
        assert "@1380" not in written
        assert "://" not in written


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("dialect", [*CHATS, Dialect.HTML, Dialect.JSON])
def test_hostile_text_is_written_within_the_limit(dialect: Dialect, name: str) -> None:
    title, body = one(told(title=VALID[name], body=VALID[name] * 3), dialect, 3_900)
    assert dialect is Dialect.HTML or len((title + body).encode()) <= 3_900
    assert "\u202e" not in title or dialect is Dialect.JSON
    if dialect is Dialect.MARKDOWN:
        assert not kinds(body) & {"html_inline", "html_block", "image", "link_open"}
    if dialect is Dialect.HTML:
        assert not any(tag in body for tag in ("<script", "<img", "<iframe", "onclick=x>", "onerror=alert(1)>", 'href="http'))


def test_ten_megabytes_are_cut_and_the_links_stay() -> None:
    asked = request(seconds=3600).model_copy(update={"asked_at": NOW, "deadline": NOW + timedelta(hours=1)})
    long = told(event="request", asked=asked)
    huge = Told(message=long.message.model_copy(update={"event": "report", "body": "word " * 2_000_000}), answer_url=ANSWER)
    for dialect in CHATS:
        title, body = one(huge, dialect, 3_900)
        assert len((title + body).encode()) <= 3_900
        assert ANSWER in body
        assert "cut; the whole is in the inbox" in body


@pytest.mark.parametrize("dialect", [*CHATS, Dialect.HTML])
def test_a_request_says_what_is_asked_how_long_there_is_and_how_to_answer(dialect: Dialect) -> None:
    asked = request().model_copy(update={"asked_at": NOW, "deadline": NOW + timedelta(hours=2, minutes=51)})
    _, body = one(told(event="request", asked=asked), dialect)
    assert "clean" in body
    assert "2 h 51 min" in body
    assert ANSWER in body
    assert "missions reply run-1" in body


def test_the_subject_says_which_mission_asks_and_says_it_once() -> None:
    asked = request().model_copy(update={"asked_at": NOW, "deadline": NOW + timedelta(hours=1)})
    assert one(told(event="request", asked=asked), Dialect.TEXT)[0] == "Hosts: Clean scratch?"
    assert one(told(title="Hosts: Disks ended with Success"), Dialect.TEXT)[0] == "Hosts: Disks ended with Success"


def test_a_mail_shows_arguments_as_code_and_only_web_addresses_as_links() -> None:
    asked = request().model_copy(update={"asked_at": NOW, "deadline": NOW + timedelta(hours=1)})
    _, body = one(told(event="request", asked=asked), Dialect.HTML)
    assert '<pre><code>  {\n    "older_than_days": 7\n  }\n</code></pre>' in body
    assert f'<a href="{ANSWER}" rel="noopener' in body
    odd = Told(message=told().message, page_url='javascript:alert(1)" onclick="x')
    assert "<a " not in one(odd, Dialect.HTML)[1]


def test_several_messages_are_one_list_with_a_title_that_counts_them() -> None:
    some = (told("One", event="report"), told("Two", event="report"), told("Three", event="error"))
    made = outgoing(Notification(id="n-1", told=some, now=NOW), Dialect.TEXT, 5_000)
    assert made.title == "3 messages: 2 reports, 1 error (Hosts)"
    assert made.body.splitlines()[:3] == ["- warning: One", "- warning: Two", "- warning: Three"]


def test_the_webhook_document_is_of_version_1() -> None:
    asked = request().model_copy(update={"asked_at": NOW, "deadline": NOW + timedelta(hours=1)})
    document = json.loads(one(told(event="request", asked=asked), Dialect.JSON)[1])
    text = document["messages"][0].pop("text")
    assert text.startswith("The agent wants to make exactly this call:")
    assert document == {
        "version": 1,
        "id": "n-1",
        "sent_at": "2026-11-21T12:00:00+00:00",
        "is_test": False,
        "messages": [
            {
                "id": "m-1",
                "event": "request",
                "severity": "warning",
                "at": "2026-11-21T12:00:00+00:00",
                "title": "Clean scratch?",
                "is_escalation": False,
                "mission": {"id": "hosts", "title": "Hosts"},
                "run": None,
                "request": {
                    "key": "approve-c00002000",
                    "kind": "approval",
                    "state": "open",
                    "deadline": "2026-11-21T13:00:00+00:00",
                    "seconds_left": 3600,
                    "decisions": ["approve", "approve_for_this_run", "reject"],
                    "answer_url": ANSWER,
                },
            }
        ],
    }

"""Every kind of message over each vendor's wire: it comes once, in one piece, and under the vendor's size (R7.2)."""

from typing import get_args

import pytest
from pydantic import SecretStr

from blocks.store.store import Store
from blueprint.notification import Channel
from blueprint.records import MessageEvent
from tests.fakes.chat_sink import FAILURE, SUCCESS, address, chat_sink
from tests.fakes.mail_sink import html_of, mail_sink
from tests.flows.notifying.outbox import LATER, deliverer, let_pass, message

EVENTS: tuple[MessageEvent, ...] = get_args(MessageEvent)
MOST_BYTES = {"dingtalk": 20_000, "lark": 20_480, "old lark": 20_480, "wecom": 4_700, "slack": 14_000, "teams": 28_672}
"""Of the whole request, as the vendors document it; WeCom and Slack limit the texts in it, the rest is its frame."""
BOTS = tuple(MOST_BYTES)


def channel(url: str, kind: str = "bot") -> Channel:
    return Channel.model_validate({"name": "ops", "kind": kind, "url": SecretStr(url)})


async def _keep_one_of_each(store: Store) -> None:
    for event in EVENTS:
        await store.messages.add(message(event, event, title=f"Of kind {event}!", body="Ünïcode words, " * 2_000))


@pytest.mark.parametrize("service", BOTS)
async def test_each_kind_of_message_comes_once_and_fits(store: Store, service: str) -> None:
    await _keep_one_of_each(store)
    async with chat_sink(SUCCESS[service]) as sink:
        work = deliverer(store, [channel(address(service, sink.url))])
        for _ in range(2):
            await work.round()
    raw = [posted.raw.decode("unicode_escape", "replace") for posted in sink.posted]
    assert {event: sum(f"Of kind {event}!" in text for text in raw) for event in EVENTS} == dict.fromkeys(EVENTS, 1)
    assert (
        max(len(posted.raw.decode("unicode_escape").encode("utf-8", "replace")) for posted in sink.posted) <= MOST_BYTES[service]
    )


@pytest.mark.parametrize("service", BOTS)
async def test_an_error_in_a_200_is_tried_again_until_the_vendor_takes_it(store: Store, service: str) -> None:
    await store.messages.add(message("m1", title="Of kind one!"))
    async with chat_sink(FAILURE[service]) as sink:
        work = deliverer(store, [channel(address(service, sink.url))])
        await work.round()
        assert (len(sink.posted), (await store.deliveries.waiting())["ops"]) == (1, 1)
        sink.answer = SUCCESS[service]
        await let_pass(store, LATER)
        for _ in range(2):
            await work.round()
    assert (len(sink.posted), await store.deliveries.waiting()) == (2, {})


async def test_each_kind_of_message_comes_once_by_mail_and_again_after_a_refusal(store: Store) -> None:
    await _keep_one_of_each(store)
    async with mail_sink() as sink:
        sink.refusal = "451 try later"
        work = deliverer(store, [channel(sink.url, "contact")])
        await work.round()
        assert sink.mails == []
        sink.refusal = ""
        for _ in range(3):
            await let_pass(store, LATER)
            await work.round()
    pages = [html_of(mail) for mail in sink.mails]
    assert {event: sum(f"Of kind {event}!" in page for page in pages) for event in EVENTS} == dict.fromkeys(EVENTS, 1)
    assert len({mail["X-Missions-Id"] for mail in sink.mails}) == len(sink.mails)

"""Messages reach their channels: once, gathered in bursts, again after a failure, and with what is needed to answer (R7.3)."""

import asyncio
from datetime import timedelta

from starlette.responses import PlainTextResponse

from blocks.store.store import Store
from blueprint.reminders import Reminder
from blueprint.requests import RequestState
from flows.notifying.delivering import GIVEN_UP_AFTER, TELL_AFTER_FAILURES
from flows.people.links import read_token
from flows.people.telling import asked, reminder
from tests.blocks.examples import mission, request
from tests.fakes.chat_sink import SUCCESS, ChatSink, chat_sink
from tests.flows.notifying.outbox import BASE, LATER, LINK_KEY, deliverer, let_pass, message, webhook


def arrived(sink: ChatSink, name: str = "ops") -> list[list[str]]:
    """Ids of the messages of each notification that a channel took."""
    return [[one["id"] for one in posted.document["messages"]] for posted in sink.posted if posted.path == f"/{name}"]


async def test_each_message_goes_once_to_each_channel(store: Store) -> None:
    async with chat_sink() as sink:
        channels = [webhook(sink.url), webhook(sink.url, "mail")]
        await store.messages.add(message("m1"))
        for _ in range(3):
            await deliverer(store, channels).round()
        await store.messages.add(message("m1"))
        await deliverer(store, channels).round()
    assert (arrived(sink), arrived(sink, "mail")) == ([["m1"]], [["m1"]])


async def test_a_channel_that_is_added_gets_the_very_next_message(store: Store) -> None:
    async with chat_sink() as sink:
        channels = [webhook(sink.url)]
        here, elsewhere = deliverer(store, channels), deliverer(store, channels)
        await store.messages.add(message("m1"))
        await here.round()
        channels.append(webhook(sink.url, "new"))
        await store.messages.add(message("m2", "request"))
        await elsewhere.route()
        await here.round()  # which did not choose the channel, and has not heard of it
    assert arrived(sink, "new") == [["m2"]]


async def test_a_burst_is_one_notification_and_what_comes_shortly_after_waits(store: Store) -> None:
    async with chat_sink() as sink:
        work = deliverer(store, [webhook(sink.url)])
        for name in ("m1", "m2", "m3"):
            await store.messages.add(message(name))
        await work.round()
        await store.messages.add(message("m4"))
        await work.round()
        assert arrived(sink) == [["m1", "m2", "m3"]]
        await let_pass(store, timedelta(seconds=31))
        await work.round()
    assert arrived(sink) == [["m1", "m2", "m3"], ["m4"]]


async def test_a_request_comes_at_once_with_what_is_asked_the_time_left_and_a_link_that_answers_it(store: Store) -> None:
    await store.missions.add(mission())
    opened = request(seconds=3600)
    await store.requests.open(opened, message=asked(opened))
    async with chat_sink() as sink:
        await deliverer(store, [webhook(sink.url)]).round()
    [told] = sink.posted[0].document["messages"]
    assert (told["event"], told["severity"], told["mission"]["title"]) == ("request", "warning", "Look after the hosts")
    assert "host.clean_scratch" in told["text"]
    assert 3590 < told["request"]["seconds_left"] <= 3600
    assert told["request"]["decisions"] == ["approve", "approve_for_this_run", "reject"]
    url = told["request"]["answer_url"]
    assert url.startswith(f"{BASE}/answer/")
    assert read_token(url.rpartition("/")[2], LINK_KEY).key == opened.key


async def test_a_request_that_is_closed_by_now_brings_no_link(store: Store) -> None:
    await store.missions.add(mission())
    opened = request()
    await store.requests.open(opened, message=asked(opened))
    await store.requests.close(opened.run_id, opened.key, RequestState.CANCELLED)
    async with chat_sink() as sink:
        await deliverer(store, [webhook(sink.url), webhook(sink.url, "b", has_answer_links=False)]).round()
    assert [one.document["messages"][0]["request"]["answer_url"] for one in sink.posted] == ["", ""]


async def test_a_sink_that_is_down_gets_everything_when_it_is_back(store: Store) -> None:
    async with chat_sink(lambda: PlainTextResponse("no", status_code=403)) as sink:
        work = deliverer(store, [webhook(sink.url)])
        for name in ("m1", "m2"):
            await store.messages.add(message(name))
            await work.round()
        assert arrived(sink) == [["m1"]]
        assert (await store.channel_states.all())["ops"].failures == 1
        sink.posted.clear()
        sink.answer = SUCCESS["webhook"]
        await work.round()
        assert sink.posted == [], "a channel that fails is left alone for a while"
        for _ in range(2):
            await let_pass(store, LATER)
            await work.round()
        assert sorted(id for ids in arrived(sink) for id in ids) == ["m1", "m2"]
        assert (await store.channel_states.all())["ops"].failing_since is None


async def test_what_may_have_arrived_comes_again_under_the_same_id(store: Store) -> None:
    async with chat_sink(lambda: PlainTextResponse("busy", status_code=503)) as sink:
        work = deliverer(store, [webhook(sink.url)])
        await store.messages.add(message("m1"))
        await store.messages.add(message("m2"))
        await work.round()
        await store.messages.add(message("m3"))
        sink.answer = SUCCESS["webhook"]
        for _ in range(2):
            await let_pass(store, LATER)
            await work.round()
    ids = {tuple(one["id"] for one in posted.document["messages"]): posted.headers["x-missions-id"] for posted in sink.posted}
    assert arrived(sink).count(["m1", "m2"]) == 2
    assert arrived(sink).count(["m3"]) == 1
    assert len(ids) == 2
    assert sink.posted[0].headers["x-missions-id"] == ids[("m1", "m2")]


async def test_a_broken_channel_is_told_once_through_the_others_and_harms_no_other(store: Store) -> None:
    async with chat_sink() as sink:
        sink.answer = lambda: PlainTextResponse("no", status_code=403 if sink.posted[-1].path == "/ops" else 200)
        work = deliverer(store, [webhook(sink.url), webhook(sink.url, "mail")])
        await store.messages.add(message("m1"))
        for _ in range(TELL_AFTER_FAILURES + 3):
            await work.round()
            await let_pass(store, LATER)
    told = [one for one in await store.messages.list() if one.event == "channel"]
    assert [one.title for one in told] == ["Channel ops does not take messages"]
    assert "attempts: It answered 403: no. What it has not taken is kept" in told[0].body
    assert arrived(sink, "mail") == [["m1"], [told[0].id]]
    assert [told[0].id] not in arrived(sink), "a channel never hears of itself"


async def test_a_message_that_is_refused_for_ever_does_not_block_the_others_and_is_given_up_in_the_end(store: Store) -> None:
    async with chat_sink() as sink:
        is_bad = lambda: any(one["id"] == "bad" for one in sink.posted[-1].document["messages"])  # noqa: E731
        sink.answer = lambda: PlainTextResponse("no", status_code=400 if is_bad() else 200)
        work = deliverer(store, [webhook(sink.url)])
        await store.messages.add(message("bad"))
        await work.round()
        await store.messages.add(message("good", "request"))
        for _ in range(3):
            await let_pass(store, LATER)
            await work.round()
        assert ["good"] in arrived(sink)
        await let_pass(store, GIVEN_UP_AFTER)
        assert await work.tidy() == 1
    assert await store.deliveries.waiting() == {}
    assert len(await store.messages.list()) >= 2, "they stay in the inbox"


async def test_the_last_reminder_goes_to_the_escalation_channel_too(store: Store) -> None:
    await store.missions.add(mission())
    opened = await store.requests.open(request(seconds=600))
    async with chat_sink() as sink:
        boss = webhook(sink.url, "boss", is_default=False, is_escalation=True)
        work = deliverer(store, [webhook(sink.url), boss])
        for which in (Reminder.HALF, Reminder.LAST):
            await store.messages.add(reminder(opened, which))
            await work.round()
    half, last = f"run-1:{opened.key}:half", f"run-1:{opened.key}:last"
    assert (arrived(sink), arrived(sink, "boss")) == ([[half], [last]], [[last]])


async def test_two_deliverers_at_once_send_each_notification_once(store: Store) -> None:
    async with chat_sink() as sink:
        for number in range(3):
            await store.messages.add(message(f"r{number}", "request"))
        works = [deliverer(store, [webhook(sink.url)]) for _ in range(3)]
        await asyncio.gather(*[work.round() for work in works])
        await works[0].round()
    assert sorted(arrived(sink)) == [["r0"], ["r1"], ["r2"]]


async def test_what_was_owed_to_a_removed_channel_is_dropped(store: Store) -> None:
    await store.messages.add(message("m1"))
    async with chat_sink() as sink:
        await deliverer(store, [webhook(sink.url)]).route()
        await deliverer(store, []).round()
    assert (sink.posted, await store.deliveries.waiting()) == ([], {})

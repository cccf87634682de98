"""Whether a channel answers: a test message when nothing else is known, and none when it took something lately (R2.3, R7.2)."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import PlainTextResponse

from blocks.store.store import Store
from blueprint.errors import ChannelFailed
from flows.notifying.testing import say_of, silent_channels
from tests.fakes.chat_sink import SUCCESS, chat_sink
from tests.flows.notifying.outbox import let_pass, webhook


async def test_a_channel_is_tried_once_and_believed_for_a_day_unless_it_is_changed(store: Store) -> None:
    async with chat_sink() as sink:
        channel = webhook(sink.url)
        assert await say_of(store, channel) == "took a test message"
        assert (await say_of(store, channel)).startswith("took a message ")
        assert [posted.document["is_test"] for posted in sink.posted] == [True]
        changed = channel.model_copy(update={"changed_at": datetime.now(UTC) + timedelta(seconds=1)})
        await say_of(store, changed)
        await let_pass(store, timedelta(days=2))
        await say_of(store, channel)
    assert len(sink.posted) == 3


async def test_a_channel_that_failed_is_tried_again_each_time(store: Store) -> None:
    async with chat_sink(lambda: PlainTextResponse("who are you", status_code=403)) as sink:
        channel = webhook(sink.url)
        for _ in range(2):
            with pytest.raises(ChannelFailed, match="answered 403: who are you"):
                await say_of(store, channel)
        assert await silent_channels(store, [channel]) == {"ops": "It answered 403: who are you"}
        sink.answer = SUCCESS["webhook"]
        assert await silent_channels(store, [channel]) == {}

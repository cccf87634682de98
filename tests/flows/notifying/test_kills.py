"""A deliverer that is killed at the worst moments: nothing is lost, and only what may have arrived comes twice (R7.3)."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from blocks.store.store import Store
from tests.fakes.chat_sink import SUCCESS, ChatSink, Posted, chat_sink
from tests.flows.notifying.outbox import deliverer, let_pass, message, webhook

_ROOT = Path(__file__).parents[3]


async def _killed(store: Store, sink: ChatSink) -> None:
    """Deliver in a process of its own, which the sink kills."""
    command = (sys.executable, "-m", "tests.flows.notifying.deliver_once", sink.url)
    url = store.engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, env={**os.environ, "STORE_URL": url})

    def kill(_: Posted) -> None:
        process.send_signal(signal.SIGKILL)

    sink.on_arrival = kill
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    sink.on_arrival = _nothing


def _nothing(_: Posted) -> None: ...


def _ids(sink: ChatSink) -> list[tuple[str, str]]:
    return [(posted.headers["x-missions-id"], posted.document["messages"][0]["id"]) for posted in sink.posted]


async def test_killed_between_send_and_record_it_comes_again_under_the_same_id_and_the_rest_comes_once(store: Store) -> None:
    async with chat_sink() as sink:
        for name in ("r1", "r2"):
            await store.messages.add(message(name, "request"))
        await _killed(store, sink)
        assert len(sink.posted) == 1
        work = deliverer(store, [webhook(sink.url)])
        await work.round()
        await let_pass(store, timedelta(minutes=2))
        await work.round()
        await work.round()
    first, *others = _ids(sink)
    assert first in others
    assert sorted(set(_ids(sink))) == sorted(_ids(sink)[1:]), "nothing but what was cut off came twice"
    assert {name for _, name in _ids(sink)} == {"r1", "r2"}


async def test_killed_between_store_and_send_everything_still_comes_once(store: Store) -> None:
    async with chat_sink(SUCCESS["webhook"]) as sink:
        channels = [webhook(sink.url)]
        await store.messages.add(message("r1", "request"))
        await deliverer(store, channels).route()  # the process ends here: routed, nothing claimed
        await deliverer(store, channels).round()
        await store.messages.add(message("r2", "request"))  # and here: stored, not routed
        await deliverer(store, channels).round()
    assert [name for _, name in _ids(sink)] == ["r1", "r2"]

"""Delivers messages for as long as the service runs; a channel that hangs keeps no other from its messages."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

from prefect.client.orchestration import get_client

from blocks.link_key import load_link_key
from blocks.notification_channel import notification_channels
from blocks.store.store import Store
from blueprint.notification import Channel
from flows.lasting import again_and_again
from flows.links.results import service_address
from flows.notifying.composing import Composer
from flows.notifying.delivering import Deliverer
from flows.opening import open_store
from flows.settings import RunSettings

_ROUND_SECONDS = 2.0
_TIDY_SECONDS = 3_600.0


async def deliver_forever(settings: RunSettings) -> None:
    """A round every two seconds, or sooner when the store has news; survives whatever is down for a while."""

    async def deliver() -> None:
        async with open_store() as store:
            await _rounds(store, await new_deliverer(store, settings.home), settings.messages_kept_days)

    await again_and_again(deliver, what="Delivering messages")


async def new_deliverer(store: Store, home: Path) -> Deliverer:
    """A deliverer for the channels of this installation, with links that point at its service or its public address."""
    composer = Composer(store=store, link_key=await load_link_key(), base_url=partial(service_address, home))
    return Deliverer(store=store, composer=composer, load_channels=load_channels)


async def load_channels() -> list[Channel]:
    """The channels that there are now."""
    async with get_client() as client:
        return await notification_channels(client)


async def _rounds(store: Store, deliverer: Deliverer, kept_days: int) -> None:
    news, at_work, tidied = asyncio.Event(), dict[str, asyncio.Task[int]](), 0.0
    async with asyncio.TaskGroup() as together:
        together.create_task(_hear(store, news))
        while True:
            news.clear()
            await deliverer.route()
            for name in await deliverer.due():
                if name not in at_work or at_work[name].done():
                    at_work[name] = together.create_task(deliverer.serve(name))
            if monotonic() - tidied > _TIDY_SECONDS:
                await deliverer.tidy(kept_days)
                tidied = monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), _ROUND_SECONDS)


async def _hear(store: Store, news: asyncio.Event) -> None:
    async for notice in store.listen():
        if not notice or '"message"' in notice:
            news.set()

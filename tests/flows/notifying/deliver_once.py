"""Delivers what is in the store at STORE_URL to the sink at the given address, as a process that can be killed."""

import asyncio
import os
import sys

from blocks.store.store import open_store
from tests.flows.notifying.outbox import deliverer, webhook


async def _main(sink_url: str) -> None:
    async with open_store(os.environ["STORE_URL"]) as store:
        await deliverer(store, [webhook(sink_url)]).round()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))

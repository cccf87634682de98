"""Goes on with deletions that were begun: by the console, or by a process that was killed (R3.3)."""

import asyncio
import logging
import os
from pathlib import Path

from prefect.client.orchestration import PrefectClient, get_client

from blocks.store.store import Store
from blueprint.errors import Unavailable
from flows.lifecycle.deleting import Deleting
from flows.opening import open_store

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 15.0


async def delete_forever(home: Path) -> None:
    """Look every other second; whatever is away for a while is tried again."""
    while True:
        try:
            async with open_store() as store, get_client() as client:
                while True:
                    await finish_deletions(store, client, home)
                    await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:
            # No traceback, no text: logs must not hold a word of what is deleted.
            logger.warning("Deletions could not be looked after (%s); once more in %.0f s.", type(error).__name__, AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)


async def finish_deletions(store: Store, client: PrefectClient, home: Path) -> int:
    """Finish all that were begun and that nobody else works on; gives how many."""
    finished = 0
    for deletion in await store.deletions.pending():
        try:
            await deleting(store, client, home).carry_out(deletion)
            finished += 1
        except Unavailable:
            continue
    return finished


def deleting(store: Store, client: PrefectClient, home: Path) -> Deleting:
    """With the addresses that are known here at which Prefect's database may be: the store's own, and the server's."""
    own = store.engine.url.render_as_string(hide_password=False)
    given = os.environ.get("PREFECT_API_DATABASE_CONNECTION_URL", "")
    return Deleting(store=store, client=client, home=home, databases=[url for url in (own, given) if url])

"""Opens the Mission store that this installation's blocks name."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from blocks.mission_store import MissionStore
from blocks.store.database import PATIENCE_SECONDS
from blocks.store.store import Store
from blueprint.errors import Unavailable

STORE_BLOCK = "missions"


@asynccontextmanager
async def open_store(*, patience_seconds: float = PATIENCE_SECONDS) -> AsyncGenerator[Store]:
    """The store of the block `missions`; Unavailable, with what to do, when there is none or it does not answer."""
    try:
        block = await MissionStore.aload(STORE_BLOCK)
    except ValueError as error:
        raise Unavailable(
            f"There is no Mission store block {STORE_BLOCK!r} on this Prefect server; start `missions up`, which makes it."
        ) from error
    async with block.open(patience_seconds=patience_seconds) as store:
        yield store

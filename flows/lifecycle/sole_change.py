"""Lets one launch, change or switch of a Mission happen at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from blocks.store.store import Store
from blueprint.errors import Unavailable

PATIENCE_SECONDS = 60
"""So long one launch, or another change, of a Mission waits for another."""


@asynccontextmanager
async def sole_change(store: Store, mission_id: str) -> AsyncGenerator[None]:
    """Nobody else launches, changes or switches this Mission meanwhile. Unavailable when that takes too long."""
    give_up = monotonic() + PATIENCE_SECONDS
    while monotonic() < give_up:
        async with store.advisory_lock(f"launch:{mission_id}") as is_ours:
            if is_ours:
                yield
                return
        await asyncio.sleep(0.2)
    raise Unavailable(
        f"Mission {mission_id!r} is being launched or changed by somebody else for over {PATIENCE_SECONDS} s; try again."
    )

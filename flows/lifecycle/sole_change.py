"""Lets one launch, change or switch of a Mission happen at a time."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from blocks.store.store import Store
from blueprint.errors import Unavailable

PATIENCE_SECONDS = 60
"""So long one launch, or another change, of a Mission waits for another."""


@asynccontextmanager
async def sole_change(store: Store, mission_id: str) -> AsyncGenerator[None]:
    """Nobody else launches, changes or switches this Mission meanwhile. Unavailable when that takes too long."""
    async with AsyncExitStack() as held:
        try:
            await held.enter_async_context(store.turn(f"launch:{mission_id}", seconds=PATIENCE_SECONDS))
        except TimeoutError as error:
            raise Unavailable(
                f"Mission {mission_id!r} is being launched or changed by somebody else for over {PATIENCE_SECONDS} s; try again."
            ) from error
        yield

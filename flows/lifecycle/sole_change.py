"""Lets one launch, change or switch of a Mission happen at a time."""

from contextlib import AbstractAsyncContextManager

from blocks.store.store import Store

PATIENCE_SECONDS = 60
"""So long one launch, or another change, of a Mission waits for another."""


def sole_change(store: Store, mission_id: str) -> AbstractAsyncContextManager[None]:
    """Nobody else launches, changes or switches this Mission meanwhile. Unavailable when that takes too long."""
    busy = f"Mission {mission_id!r} is being launched or changed by somebody else for over {PATIENCE_SECONDS} s; try again."
    return store.turn(f"launch:{mission_id}", seconds=PATIENCE_SECONDS, busy=busy)

"""The journal of a run, kept in the store and drawn as it grows."""

from collections.abc import Sequence
from typing import Self

from blocks.store.store import Store
from blueprint.stream import StreamEvent
from flows.runs.picture import Picture


class StoreJournal:
    """The agent's `Journal` over the store. Only the lease's owner can write."""

    def __init__(self, store: Store, run_id: str, owner: str, picture: Picture, events: list[StreamEvent]) -> None:
        self._store, self._run_id, self._owner, self._picture, self._events = store, run_id, owner, picture, events

    @classmethod
    async def read(cls, store: Store, *, run_id: str, owner: str, picture: Picture) -> Self:
        """The journal with all that earlier executions wrote."""
        entries = await store.journal.read(run_id)
        return cls(store, run_id, owner, picture, [entry.event for entry in entries])

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far."""
        return self._events

    async def append(self, event: StreamEvent) -> None:
        """Write one event; returns when it is durable. LeaseLost when another process has the run."""
        entry = await self._store.journal.append(self._run_id, event, self._owner)
        self._events.append(entry.event)
        self._picture.show(entry)

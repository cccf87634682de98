"""The journal of a run, kept in the store and drawn as it grows."""

from collections.abc import Sequence
from typing import Self

from blocks.store.store import Store
from blueprint.records import JournalEntry
from blueprint.stream import StreamEvent
from flows.runs.picture import Picture


class StoreJournal:
    """The agent's `Journal` over the store. Only the lease's owner can write."""

    def __init__(self, store: Store, run_id: str, owner: str, picture: Picture, entries: Sequence[JournalEntry]) -> None:
        self._store, self._run_id, self._owner, self._picture = store, run_id, owner, picture
        self._entries = list(entries)

    @classmethod
    async def read(cls, store: Store, *, run_id: str, owner: str, picture: Picture) -> Self:
        """The journal with all that earlier executions wrote."""
        entries = await store.journal.read(run_id)
        return cls(store, run_id, owner, picture, entries)

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far."""
        return [entry.event for entry in self._entries]

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """The same, with their numbers and times."""
        return self._entries

    async def append(self, event: StreamEvent) -> None:
        """Write one event; returns when it is durable. LeaseLost when another process has the run."""
        entry = await self._store.journal.append(self._run_id, event, self._owner)
        self._entries.append(entry)
        self._picture.show(entry)

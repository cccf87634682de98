"""The memory of a run, as the agent sees it: events are appended, never changed (R4.8)."""

from collections.abc import Sequence
from typing import Protocol

from blueprint.records import JournalEntry
from blueprint.stream import StreamEvent


class Journal(Protocol):
    """An append-only record. What `append` returned from is durable.

    An `Intended` event uses up in the same transaction what allows it; NotPermitted, and nothing written, when that was
    not given, is for another call, or was used up before (R5.3).
    """

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far, those of earlier executions included, in order."""
        ...

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """The same, with their numbers and times."""
        ...

    async def append(self, event: StreamEvent) -> None:
        """Write one event; returns when it is durable."""
        ...

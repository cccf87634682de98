"""The memory of a run, as the agent sees it: events are appended, never changed (R4.8)."""

from collections.abc import Sequence
from typing import Protocol

from blueprint.stream import StreamEvent


class Journal(Protocol):
    """An append-only record. What `append` returned from is durable."""

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far, those of earlier executions included, in order."""
        ...

    async def append(self, event: StreamEvent) -> None:
        """Write one event; returns when it is durable."""
        ...

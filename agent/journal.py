"""The memory of a run, as the agent sees it: events are appended, never changed (R4.8)."""

from collections.abc import Sequence
from typing import Protocol

from blueprint.stream import StreamEvent


class Journal(Protocol):
    """An append-only record. What `append` returned from is durable.

    An `Intended` event with an approval spends that approval in the same transaction; InvalidInput when the approval
    was not given, is another call's, or was spent before (R5.3).
    """

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far, those of earlier executions included, in order."""
        ...

    async def append(self, event: StreamEvent) -> None:
        """Write one event; returns when it is durable."""
        ...

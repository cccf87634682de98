"""What the gateway needs of the rest of the house."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from blueprint.connections import EventSourceConnection
from blueprint.events import Accepted, Delivery, EventCounts, StoredEvent


class EventStore(Protocol):
    """Keeps events. Each call is one transaction, and raises Unavailable when the database stays away."""

    async def add(self, deliveries: Sequence[Delivery]) -> Sequence[Accepted]:
        """Keep what is new of all of them and count the rest, all or none; an answer for each."""
        ...

    async def waiting(self, limit: int, *, again_after: timedelta) -> Sequence[StoredEvent]:
        """The oldest that are to be passed on: never yet, or so long ago that Prefect must have lost them."""
        ...

    async def unconfirmed(self, limit: int) -> Mapping[UUID, int]:
        """The oldest that were passed on and not seen in Prefect yet: ids there, and places here."""
        ...

    async def mark_passed(self, places: Sequence[int]) -> None:
        """Prefect took these just now."""
        ...

    async def confirm(self, places: Sequence[int]) -> None:
        """Prefect has these for sure."""
        ...

    async def refuse(self, place: int, reason: str) -> None:
        """Prefect does not take this one, whatever is tried."""
        ...

    async def forget(self, unseen_for: timedelta) -> int:
        """Delete what is settled and was not delivered for so long; gives how many."""
        ...

    async def counts(self) -> EventCounts:
        """How the queue stands."""
        ...


LoadSources = Callable[[], Awaitable[Sequence[EventSourceConnection]]]
"""All sources as they are configured now."""

IsWanted = Callable[[StoredEvent], Awaitable[bool]]
"""Whether any rule waits for such an event."""

"""A store of events in memory, for tests of the gateway that need no database; it can be told to be away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from blueprint.errors import Unavailable
from blueprint.events import Accepted, Delivery, EventCounts, StoredEvent


@dataclass(kw_only=True)
class MemoryEvents:
    """Keeps what it is given, in order."""

    is_away: bool = False
    kept: dict[tuple[str, str], StoredEvent] = field(default_factory=dict[tuple[str, str], StoredEvent])
    writes: int = 0
    passed: list[int] = field(default_factory=list[int])
    confirmed: list[int] = field(default_factory=list[int])
    refusals: dict[int, str] = field(default_factory=dict[int, str])

    async def add(self, deliveries: Sequence[Delivery]) -> list[Accepted]:
        """Keep what is new; Unavailable while it is away."""
        if self.is_away:
            raise Unavailable("The database is away.")
        self.writes += 1
        return [self._add(delivery) for delivery in deliveries]

    async def waiting(self, limit: int, *, again_after: timedelta) -> list[StoredEvent]:
        """What was not passed on, and with an `again_after` of zero also what was."""
        settled = {*self.confirmed, *self.refusals}
        due = [each for each in self.kept.values() if each.place not in settled]
        return [each for each in due if each.place not in self.passed or not again_after][:limit]

    async def unconfirmed(self, limit: int) -> dict[UUID, int]:
        """What was passed on only."""
        settled = {*self.confirmed, *self.refusals}
        passed = [each for each in self.kept.values() if each.place in self.passed and each.place not in settled]
        return {each.id: each.place for each in passed[:limit]}

    async def mark_passed(self, places: Sequence[int]) -> None:
        """Passed on once more."""
        self.passed += places
        for key, each in self.kept.items():
            if each.place in places:
                self.kept[key] = each.model_copy(update={"attempts": each.attempts + 1})

    async def confirm(self, places: Sequence[int]) -> None:
        """Seen in Prefect."""
        self.confirmed += places

    async def refuse(self, place: int, reason: str) -> None:
        """Given up."""
        self.refusals[place] = reason

    async def forget(self, unseen_for: timedelta) -> int:
        """Nothing is old here."""
        return 0

    async def counts(self) -> EventCounts:
        """Of all that is kept."""
        if self.is_away:
            raise Unavailable("The database is away.")
        waiting = len(self.kept) - len(set(self.passed))
        return EventCounts(kept=len(self.kept), waiting=waiting, unconfirmed=0, refused=0, oldest_waiting_seconds=0)

    def _add(self, delivery: Delivery) -> Accepted:
        before = len(self.kept)
        for event in delivery.events:
            place = len(self.kept) + 1
            stored = StoredEvent(place=place, source=delivery.source, event=event, received_at=datetime.now(UTC))
            self.kept.setdefault((delivery.source, event.key), stored)
        stored_now = len(self.kept) - before
        return Accepted(stored=stored_now, repeated=len(delivery.events) - stored_now)

"""Passes stored events on to Prefect at a pace that it bears, until Prefect shows that it has them.

Prefect answers when an event is in its memory, and writes it down some seconds later. So an event is passed on, then
looked for; one that does not show up (Prefect was killed meanwhile) is passed on again, under the same id.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events.filters import EventFilter, EventIDFilter
from prefect.exceptions import PrefectHTTPStatusError

from blueprint.events import StoredEvent
from deployments.gateway.counters import Counters
from deployments.gateway.prefect_events import prefect_event
from deployments.gateway.protocols import EventStore, IsWanted

logger = logging.getLogger(__name__)

BATCH = 50
"""Events of one request; also the most that Prefect lists at once."""

MOST_UNCONFIRMED = 400
"""So many may be under way: Prefect's memory of what it has got already holds 1,000 ids, its queue 10,000 messages."""

AGAIN_AFTER = timedelta(seconds=60)
"""Prefect writes events down every five seconds."""

MOST_ATTEMPTS = 12
"""Prefect forgets ids after five minutes; more attempts than fit into that time, then the event is given up by name."""

_CONFIRM_SECONDS = 2.0


async def _anything(_: StoredEvent) -> bool:
    return True


@dataclass(kw_only=True)
class Forwarder:
    """One round after the other; two at once need a lock around each."""

    store: EventStore
    client: PrefectClient
    counters: Counters
    is_wanted: IsWanted = _anything
    _looked: float | None = None
    _under_way: int = 0

    async def round(self) -> bool:
        """Confirm what arrived and pass on what is due; True when more may be due at once.

        Raises what Prefect's client raises when the server is away or overloaded; nothing is lost by it.
        """
        if self._looked is None or monotonic() - self._looked > _CONFIRM_SECONDS:
            await self._confirm()
        room = min(BATCH, MOST_UNCONFIRMED - self._under_way)
        due = await self.store.waiting(room, again_after=AGAIN_AFTER) if room > 0 else ()
        for stored in due:
            if stored.attempts >= MOST_ATTEMPTS:
                await self._give_up(stored, f"Prefect took it {stored.attempts} times and never showed it.")
        await self._pass_on([stored for stored in due if stored.attempts < MOST_ATTEMPTS])
        return len(due) == BATCH

    async def _confirm(self) -> None:
        """Look in Prefect for what is under way."""
        under_way = await self.store.unconfirmed(MOST_UNCONFIRMED)
        ids, arrived = list(under_way), list[int]()
        for start in range(0, len(ids), BATCH):
            arrived += [under_way[event] for event in await self._listed(ids[start : start + BATCH])]
        await self.store.confirm(arrived)
        self._under_way = len(under_way) - len(arrived)
        self._looked = monotonic()

    async def _listed(self, ids: list[UUID]) -> list[UUID]:
        wanted = EventFilter(id=EventIDFilter(id=ids))
        wanted.occurred.until += timedelta(days=1)  # clocks differ
        return [event.id for event in (await self.client.read_events(wanted, limit=BATCH)).events]

    async def _pass_on(self, some: Sequence[StoredEvent]) -> None:
        """All in one request; one by one when Prefect finds fault with any, so that the others do not suffer."""
        if not some:
            return
        try:
            await self._post(some)
        except PrefectHTTPStatusError as error:
            if error.response.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            if len(some) == 1:
                return await self._give_up(some[0], f"Prefect answered 422: {error.response.text}")
            for stored in some:
                await self._pass_on([stored])
            return None
        await self.store.mark_passed([stored.place for stored in some])
        self._under_way += len(some)
        for stored in some:
            if stored.attempts == 0:
                self.counters.passed_on(stored.source, is_wanted=await self.is_wanted(stored))
        return None

    async def _post(self, some: Sequence[StoredEvent]) -> None:
        events = [prefect_event(stored).model_dump(mode="json") for stored in some]
        await self.client.request("POST", "/events", json=events)

    async def _give_up(self, stored: StoredEvent, reason: str) -> None:
        logger.error("Event %s %s of source %s is given up: %s", stored.id, stored.event.name, stored.source, reason)
        await self.store.refuse(stored.place, reason)

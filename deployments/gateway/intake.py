"""Writes what many requests bring at once in one transaction: under a storm the disk is asked once, not for each alert."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from blueprint.errors import Unavailable
from blueprint.events import Accepted, Delivery
from deployments.gateway.protocols import EventStore

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
"""Events of one transaction; a delivery is never divided."""

MOST_PENDING = 5_000
"""Events in memory that wait for the store; more are not taken."""


@dataclass(frozen=True, kw_only=True)
class _Pending:
    delivery: Delivery
    answer: asyncio.Future[Accepted]


@dataclass(kw_only=True)
class Intake:
    """The way into one store. A delivery that comes while another is written waits for it, and goes with the next."""

    store: EventStore
    _pending: list[_Pending] = field(default_factory=list[_Pending])
    _writing: asyncio.Task[None] | None = None

    async def keep(self, delivery: Delivery) -> Accepted:
        """What became of the delivery, once it is in the store; Unavailable when the store is away or overrun."""
        if sum(len(each.delivery.events) for each in self._pending) > MOST_PENDING:
            raise Unavailable(f"More than {MOST_PENDING} events wait for the store.")
        pending = _Pending(delivery=delivery, answer=asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="write events")
        return await pending.answer

    async def _write_all(self) -> None:
        while self._pending:
            await self._write(self._next())

    def _next(self) -> list[_Pending]:
        taken, events = 0, 0
        for each in self._pending:
            events += len(each.delivery.events)
            if taken and events > MOST_AT_ONCE:
                break
            taken += 1
        some, self._pending = self._pending[:taken], self._pending[taken:]
        return [each for each in some if not each.answer.done()]  # nobody waits any more for the others

    async def _write(self, some: Sequence[_Pending]) -> None:
        """Each gets its answer. When the store finds fault with one, each is written by itself, and that one alone fails."""
        try:
            accepted = await self.store.add([each.delivery for each in some])
        except Unavailable as error:
            return _fail(some, error)
        except Exception as error:
            if len(some) > 1:
                for each in some:
                    await self._write([each])
                return None
            logger.exception("A delivery of source %s could not be written.", some[0].delivery.source)
            return _fail(some, error)
        for each, answer in zip(some, accepted, strict=True):
            if not each.answer.done():
                each.answer.set_result(answer)
        return None


def _fail(some: Sequence[_Pending], error: Exception) -> None:
    for each in some:
        if not each.answer.done():
            each.answer.set_exception(error)

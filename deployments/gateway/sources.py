"""The sources that may send, kept at hand: asking for them at every request would make Prefect's pace the gateway's."""

import asyncio
from collections.abc import Callable
from time import monotonic

from blueprint.connections import EventSourceConnection
from blueprint.errors import Unavailable
from deployments.gateway.protocols import LoadSources

FRESH_SECONDS = 5.0
"""A source that was removed may send for so long."""

_ANEW_SECONDS = 1.0
"""Wrong names and tokens make us look again at most so often."""


class Sources:
    """What is known of the sources. While Prefect is away, those that were known last go on sending."""

    def __init__(self, load: LoadSources, clock: Callable[[], float] = monotonic) -> None:
        self._load = load
        self._clock = clock
        self._known: dict[str, EventSourceConnection] | None = None
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    async def refresh(self) -> None:
        """Look at all of them now."""
        began = self._clock()
        self._known = {source.name: source for source in await self._load()}
        self._looked = began

    def find(self, name: str) -> EventSourceConnection | None:
        """The source of this name; None when there is none. Unavailable before they could be read once."""
        if self._known is None:
            raise Unavailable("The event sources are not known yet; the Prefect server did not answer.")
        return self._known.get(name)

    async def look_again(self) -> None:
        """Have them read anew: somebody may have added a source, or changed its secret, a moment ago.

        Many who ask at once wait for one look together, at most a second and what Prefect needs.
        """
        asked = self._clock()
        async with self._looking:
            if self._looked < asked:
                await asyncio.sleep(max(0.0, self._looked + _ANEW_SECONDS - self._clock()))
                await self.refresh()

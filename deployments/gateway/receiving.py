"""Takes one request in: who sent it, how much, what it says; kept in the store before anything is answered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from prefect.exceptions import PrefectException
from starlette.requests import ClientDisconnect, Request

from blueprint.connections import EventSourceConnection
from blueprint.errors import Unavailable
from blueprint.events import Accepted, Delivery, EventCounts, IncomingEvent
from deployments.gateway.authentication import has_token, is_signed
from deployments.gateway.counters import Counters
from deployments.gateway.intake import Intake
from deployments.gateway.limits import BODY_SECONDS, LARGEST_BODY, LOOK_SECONDS, SMALL_BODY, STORE_SECONDS
from deployments.gateway.parsing import parse
from deployments.gateway.rates import Rates
from deployments.gateway.refusals import Refused
from deployments.gateway.sources import Sources

_LATER_SECONDS = 5


@dataclass(kw_only=True)
class Gateway:
    """The gateway's state. `intake` is None until the store could be opened; `news` is set when something new was kept."""

    sources: Sources
    intake: Intake | None = None
    rates: Rates = field(default_factory=Rates)
    counters: Counters = field(default_factory=Counters)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, name: str, request: Request) -> Accepted:
        """Everything of the request is in the store when this returns; Refused, and nothing is, otherwise."""
        headers = {header.lower(): value for header, value in request.headers.items()}
        source, body = await self._genuine(name, headers, request)
        if seconds := self.rates.wait(name):
            raise Refused("too_many", "Too many requests of this source; send again later.", retry_after=seconds)
        events = await _parse(source, headers, body)
        try:
            async with asyncio.timeout(STORE_SECONDS):
                accepted = await self._opened().keep(Delivery(source=source.name, events=events))
        except (Unavailable, TimeoutError) as error:
            raise _unavailable() from error
        if accepted.stored:
            self.news.set()
        self.counters.accepted(source.name, accepted)
        return accepted

    async def counts(self) -> EventCounts | None:
        """How the queue stands; None when the store does not tell."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await self._opened().store.counts()
        except (Unavailable, TimeoutError, Refused):
            return None

    async def _genuine(self, name: str, headers: Mapping[str, str], request: Request) -> tuple[EventSourceConnection, bytes]:
        """The source and the body, once the request has proved that it is the source's.

        A bearer token is looked at before a byte of the body is read.
        """
        body: bytes | None = None
        for is_second_look in (False, True):
            if is_second_look:
                await self._look_again()
            source = self._find(name)
            if source is not None and source.authentication == "hmac" and body is None:
                body = await _body(request)
            if source is not None and _is_genuine(source, headers, body or b""):
                return source, body if body is not None else await _body(request)
        raise Refused("unknown", "Unknown.") if self._find(name) is None else Refused("unauthorized", "Unauthorized.")

    def _find(self, name: str) -> EventSourceConnection | None:
        try:
            return self.sources.find(name)
        except Unavailable as error:
            raise _unavailable() from error

    async def _look_again(self) -> None:
        """Refused for now when Prefect does not tell: the request may be genuine."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self.sources.look_again()
        except (PrefectException, httpx.HTTPError, TimeoutError) as error:
            raise _unavailable() from error

    def _opened(self) -> Intake:
        if self.intake is None:
            raise _unavailable()
        return self.intake


async def _parse(source: EventSourceConnection, headers: Mapping[str, str], body: bytes) -> tuple[IncomingEvent, ...]:
    """The events of the request; a large one is read beside the loop, so that others are answered meanwhile."""
    now = datetime.now(UTC)
    if len(body) > SMALL_BODY:
        return await asyncio.to_thread(parse, source, headers, body, now)
    return parse(source, headers, body, now)


def _is_genuine(source: EventSourceConnection, headers: Mapping[str, str], body: bytes) -> bool:
    return is_signed(source, headers, body) if source.authentication == "hmac" else has_token(source, headers)


async def _body(request: Request) -> bytes:
    """The body; Refused as soon as it is known to be too large, or when it does not come."""
    declared = request.headers.get("content-length", "")
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if declared.isascii() and declared.isdigit() and int(declared[:20]) > LARGEST_BODY:
                raise _too_large()
            async for part in request.stream():
                parts += part
                if len(parts) > LARGEST_BODY:
                    raise _too_large()
    except (TimeoutError, ClientDisconnect):
        raise Refused("too_slow", f"The body did not come within {BODY_SECONDS:.0f} s.") from None
    return bytes(parts)


def _too_large() -> Refused:
    return Refused("too_large", f"The body is larger than {LARGEST_BODY} bytes; send fewer events at a time.")


def _unavailable() -> Refused:
    return Refused("unavailable", "Events can't be kept just now; send again.", retry_after=_LATER_SECONDS)

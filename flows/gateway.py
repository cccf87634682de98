"""Runs the event gateway beside the reconciler: keeps its sources fresh and passes on what it stored."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException

from blocks.event_source import event_sources
from blocks.store.store import Store
from blueprint.connections import EventSourceConnection
from deployments.gateway.forwarding import Forwarder
from deployments.gateway.intake import Intake
from deployments.gateway.receiving import Gateway
from deployments.gateway.sources import FRESH_SECONDS, Sources
from deployments.gateway.wanted import Rules
from deployments.present import all_automations
from flows.lasting import again_and_again
from flows.opening import open_store

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""Events that nobody delivers any more are deleted after this time."""

_ROUND_SECONDS, _PACE_SECONDS = 2.0, 0.2
_FORGET_SECONDS = 3600.0


def new_gateway() -> Gateway:
    """A gateway for the sources of this installation; it answers 503 until `run_gateway` has opened its store."""
    return Gateway(sources=Sources(_load_sources))


async def run_gateway(gateway: Gateway) -> None:
    """For ever; survives whatever is down for a while."""
    async with asyncio.TaskGroup() as together:
        together.create_task(_keep_fresh(gateway.sources))
        together.create_task(_forward(gateway))


async def _load_sources() -> list[EventSourceConnection]:
    async with get_client() as client:
        return await event_sources(client)


async def _keep_fresh(sources: Sources) -> None:
    while True:
        try:
            await sources.refresh()
        except (PrefectException, httpx.HTTPError, ValueError) as error:
            logger.warning("The event sources could not be read, the last ones stay: %s", error)
        await asyncio.sleep(FRESH_SECONDS)


async def _forward(gateway: Gateway) -> None:
    """Open the store once, then pass on: whatever goes wrong after that, the store stays open for what comes in."""

    async def pass_on(store: Store) -> None:
        async with get_client() as client:
            rules = Rules(partial(all_automations, client))
            await _rounds(
                gateway, store, Forwarder(store=store.events, client=client, counters=gateway.counters, is_wanted=rules.want)
            )

    async def open_and_pass_on() -> None:
        async with open_store() as store:
            gateway.intake = Intake(store=store.events)
            await again_and_again(lambda: pass_on(store), what="Passing events on")

    await again_and_again(open_and_pass_on, what="Passing events on")


async def _rounds(gateway: Gateway, store: Store, forwarder: Forwarder) -> None:
    forgot: float | None = None
    while True:
        gateway.news.clear()
        async with store.advisory_lock("events") as is_ours:
            is_more = is_ours and await forwarder.round()
        if forgot is None or monotonic() - forgot > _FORGET_SECONDS:
            await store.events.forget(KEPT)
            forgot = monotonic()
        await asyncio.sleep(_PACE_SECONDS)  # what comes meanwhile goes together
        if not is_more:
            with suppress(TimeoutError):
                await asyncio.wait_for(gateway.news.wait(), _ROUND_SECONDS)

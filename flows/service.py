"""The service process of `missions up`: rehearsal model, answer links, event gateway, reconciler, notifications."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic

import uvicorn
from prefect.client.orchestration import get_client
from starlette.applications import Starlette
from starlette.routing import Mount

from agent.builtin.rehearsal.app import create_app
from blocks.link_key import load_link_key
from blocks.store.store import Store
from deployments.gateway.app import gateway_routes
from deployments.gateway.receiving import Gateway
from flows.gateway import new_gateway, run_gateway
from flows.lifecycle.going_on import delete_forever, finish_deletions
from flows.links.result_page import ResultPages
from flows.links.signing import loaded_once
from flows.notifying.loop import deliver_forever, new_deliverer
from flows.opening import open_store
from flows.people.answer_page import AnswerPages
from flows.records.drawing import draw_forever
from flows.recovery.reconciling import Reconciler
from flows.settings import RunSettings

logger = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
LOST_SECONDS = 10.0
ACCOUNT_SECONDS = 300.0
PAGE_PATIENCE_SECONDS = 5.0
"""So long somebody who opens a link waits for a store that is away."""
ANEW_SECONDS = 3.0
"""Pause after a round that failed, while the store or the Prefect server is away."""


async def reconcile_once(home: Path) -> int:
    """One whole round, lost runs, begun deletions and messages to be delivered included; gives how many were touched."""
    async with open_store() as store, get_client() as client:
        reconciler = Reconciler(store=store, client=client, home=home)
        await reconciler.account()
        touched = await reconciler.round() + await reconciler.lost() + await finish_deletions(store, client, home)
        await (await new_deliverer(store, home)).round()
        return touched


async def reconcile_forever(home: Path) -> None:
    """A round each second, or sooner when the store has news; survives whatever is down for a while."""
    while True:
        try:
            async with open_store() as store, get_client() as client:
                await _rounds(store, Reconciler(store=store, client=client, home=home))
        except Exception:
            logger.exception("The reconciler starts anew in %.0f s.", ANEW_SECONDS)
            await asyncio.sleep(ANEW_SECONDS)


async def _rounds(store: Store, reconciler: Reconciler) -> None:
    news = asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(_hear(store, news))
        looked = accounted = -inf
        while True:
            await reconciler.round()
            if monotonic() - looked > LOST_SECONDS:
                await reconciler.lost()
                looked = monotonic()
            if monotonic() - accounted > ACCOUNT_SECONDS:
                await reconciler.account()
                accounted = monotonic()
            news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), ROUND_SECONDS)


async def _hear(store: Store, news: asyncio.Event) -> None:
    async for _ in store.listen():
        news.set()


@asynccontextmanager
async def _at_work(gateway: Gateway) -> AsyncGenerator[None]:
    """The loops beside the HTTP service, for as long as it runs."""
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    work = (
        reconcile_forever(settings.home),
        delete_forever(settings.home),
        draw_forever(),
        run_gateway(gateway),
        deliver_forever(settings),
    )
    loops = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.wait(loops)


def service() -> Starlette:
    """The whole HTTP service.

    Events under `/events`, `/metrics`, the pages behind links to answer and to whole results, the rehearsal model under `/v1`,
    and `/health`.
    """
    gateway = new_gateway()
    load_key = loaded_once(load_link_key)
    pages = AnswerPages(open_store=partial(open_store, patience_seconds=PAGE_PATIENCE_SECONDS), load_key=load_key)
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    results = ResultPages(home=settings.home, load_key=load_key)
    routes = [*gateway_routes(gateway), *pages.routes(), *results.routes(), Mount("/", app=create_app())]
    return Starlette(routes=routes, lifespan=lambda _: _at_work(gateway))


def main() -> None:
    """Serve on the port that `MISSIONS_SERVICE_PORT` names, until the process is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvicorn.run(service(), host="127.0.0.1", port=int(os.environ["MISSIONS_SERVICE_PORT"]), log_level="warning")


if __name__ == "__main__":
    main()

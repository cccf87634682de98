"""Hears at once that a run of a work pool is to be started, from Prefect's event stream."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from uuid import UUID

from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter

logger = logging.getLogger(__name__)

_ANEW_SECONDS = 2.0
_EVENTS = ["prefect.flow-run.Scheduled", "prefect.flow-run.Resuming", "prefect.flow-run.AwaitingRetry"]


async def scheduled_runs(work_pool_id: UUID) -> AsyncGenerator[None]:
    """One item whenever a run of the pool was scheduled, now or for later. Connects anew for ever; some may be missed."""
    while True:
        try:
            async with get_events_subscriber(filter=_filter(work_pool_id), reconnect_on_clean_close=True) as events:
                yield  # what came before the connection stood
                async for _ in events:
                    yield
        except Exception as error:  # whatever it is, the worker still asks once a second
            logger.warning("No events from the Prefect server (%r); trying again in %.0f s.", error, _ANEW_SECONDS)
        await asyncio.sleep(_ANEW_SECONDS)


def _filter(work_pool_id: UUID) -> EventFilter:
    resource = EventAnyResourceFilter(id=[f"prefect.work-pool.{work_pool_id}"])
    return EventFilter(event=EventNameFilter(name=_EVENTS), any_resource=resource)

"""Follows a flow run from outside: its steps as they are written, its questions, and its end (R4.2)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from blocks.store.store import Store
from blueprint.records import JournalEntry
from blueprint.requests import Request, RequestState

POLL_SECONDS = 0.4


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The run waits for a person to answer this; given once for each request."""

    request: Request


@dataclass(frozen=True, kw_only=True)
class Over:
    """The flow run reached a final state."""

    flow_run: FlowRun


async def follow(store: Store, client: PrefectClient, run_id: str) -> AsyncIterator[JournalEntry | Waiting | Over]:
    """Everything that happens in the run, in order, until it is over."""
    sequence, asked = 0, set[str]()
    while True:
        flow_run = await client.read_flow_run(UUID(run_id))
        for entry in await store.journal.read(run_id, after=sequence):
            sequence = entry.sequence
            yield entry
        for request in await store.requests.of_run(run_id):
            if request.state is RequestState.OPEN and request.key not in asked:
                asked.add(request.key)
                yield Waiting(request=request)
        if flow_run.state is not None and flow_run.state.is_final():
            yield Over(flow_run=flow_run)
            return
        await asyncio.sleep(POLL_SECONDS)


async def until_record(store: Store, run_id: str, seconds: float = 30) -> None:
    """Wait until the run's report is published; a run that never passed the gate has none. TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while await _is_unpublished(store, run_id):
            await asyncio.sleep(POLL_SECONDS)


async def _is_unpublished(store: Store, run_id: str) -> bool:
    record = await store.runs.find_started(run_id)
    return record is not None and not record.report_path

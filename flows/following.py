"""Follows a flow run from outside: its steps as they are written, its questions, and its end (R4.2)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.records import JournalEntry
from blueprint.requests import Request, RequestState

POLL_SECONDS = 0.4
SETTLES_SECONDS = 60.0
"""A run that stays in a final state for so long, whatever its record says, is over: nobody takes the state back any more."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The run waits for a person to answer this; given once for each request."""

    request: Request


@dataclass(frozen=True, kw_only=True)
class Over:
    """The flow run reached a final state."""

    flow_run: FlowRun


async def follow(store: Store, client: PrefectClient, run_id: str) -> AsyncIterator[JournalEntry | Waiting | Over]:
    """Everything that happens in the run, in order, until it is over; each question's deadline ends the longest wait."""
    sequence, asked, final_since = 0, set[str](), 0.0
    while True:
        flow_run = await client.read_flow_run(UUID(run_id))
        for entry in await store.journal.read(run_id, after=sequence):
            sequence = entry.sequence
            yield entry
        for request in await store.requests.of_run(run_id):
            if request.state is RequestState.OPEN and request.key not in asked:
                asked.add(request.key)
                yield Waiting(request=request)
        is_final = flow_run.state is not None and flow_run.state.is_final()
        final_since = (final_since or monotonic()) if is_final else 0.0
        if is_final and (monotonic() - final_since > SETTLES_SECONDS or await _is_over(store, run_id, flow_run)):
            yield Over(flow_run=flow_run)
            return
        await asyncio.sleep(POLL_SECONDS)


async def _is_over(store: Store, run_id: str, flow_run: FlowRun) -> bool:
    """Whether a final state is the last one: the record says so, or the lease; a crash may be taken back, and is not."""
    record, lease = await store.runs.find_started(run_id), await store.leases.get(run_id)
    if record is not None:
        return record.ended_at is not None
    if lease is not None and lease.state is LeaseState.ENDED:
        return True
    return flow_run.state is not None and (flow_run.state.is_completed() or flow_run.state.is_cancelled())


async def until_record(store: Store, run_id: str, seconds: float = 30) -> None:
    """Wait until the run's report is published; a run that never passed the gate has none. TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while await _is_unpublished(store, run_id):
            await asyncio.sleep(POLL_SECONDS)


async def _is_unpublished(store: Store, run_id: str) -> bool:
    record = await store.runs.find_started(run_id)
    return record is not None and not record.report_path

"""Tells which of the runs that wait for people have to be looked at: a few questions for all of them, none for each.

A waiting run costs rows and nothing else: as long as its request is open and its flow run suspended there is nothing to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType

from blocks.store.leases import Lease
from blocks.store.store import Store

_AT_ONCE = 200
"""So many flow runs Prefect's server lists at once."""

Wait = tuple[str, int]
"""A run and its execution: each wait is another one's."""


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The waits of all runs. `settled`: those that were found suspended with their whole form."""

    store: Store
    client: PrefectClient
    settled: set[Wait] = field(default_factory=set[Wait])

    async def to_look_at(self) -> list[Lease]:
        """Parked leases whose wait is not settled yet, and those whose wait is over, one way or another."""
        parked = await self.store.leases.parked()
        self.settled.intersection_update(wait_of(lease) for lease in parked)
        quiet = await self._quiet([lease.run_id for lease in parked if wait_of(lease) in self.settled])
        return [lease for lease in parked if lease.run_id not in quiet]

    async def _quiet(self, run_ids: Sequence[str]) -> set[str]:
        """Those with an open request in time that are suspended still."""
        asked = await self.store.requests.waiting() if run_ids else set[str]()
        quiet = set[str]()
        for start in range(0, len(run_ids), _AT_ONCE):
            quiet |= await self._suspended(run_ids[start : start + _AT_ONCE])
        return quiet & asked

    async def _suspended(self, run_ids: Sequence[str]) -> set[str]:
        """Counted first, as hardly ever one is not: then none of them has to be sent."""
        wanted = {"id": {"any_": list(run_ids)}, "state": {"type": {"any_": [StateType.PAUSED]}}}
        which = FlowRunFilter.model_validate(wanted)
        if await self.client.count_flow_runs(flow_run_filter=which) == len(run_ids):
            return set(run_ids)
        return {str(run.id) for run in await self.client.read_flow_runs(flow_run_filter=which, limit=_AT_ONCE)}


def wait_of(lease: Lease) -> Wait:
    """The wait that a parked lease stands for."""
    return lease.run_id, lease.executions

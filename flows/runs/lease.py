"""Holds a run's lease while it works: two processes never work on one run (R4.8)."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

from prefect.exceptions import Abort

from blocks.store.store import Store
from blueprint.errors import LeaseLost, MissionsError, ModelUnavailable, ToolServerUnavailable, Unavailable
from flows.runs.stopping import StopAsked, StopRequest, put_back

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A lease that is held. `owner` fences what this process writes; `execution` counts the run's processes, from 1."""

    store: Store
    run_id: str
    owner: str
    seconds: int
    execution: int
    renewal: asyncio.Task[None]
    stop: StopRequest

    async def beat(self) -> None:
        """Show a sign of life now, so that the time at work counts up to here; LeaseLost when the run is another's."""
        if not await self.store.leases.renew(self.run_id, self.owner, self.seconds):
            raise LeaseLost(self.run_id, self.owner)

    async def park(self) -> None:
        """The run waits for a person from now on: no process, no lease needed. LeaseLost when the run is another's."""
        await self._stop_renewal()
        if not await self.store.leases.park(self.run_id, self.owner):
            raise LeaseLost(self.run_id, self.owner)

    async def queue(self) -> None:
        """The run waits for its turn from now on: no process, no lease needed. LeaseLost when the run is another's."""
        await self._stop_renewal()
        if not await self.store.leases.queue(self.run_id, self.owner):
            raise LeaseLost(self.run_id, self.owner)

    async def release(self) -> bool:
        """This process stops and the run goes on later: another may take it at once. False when it is another's already."""
        await self._stop_renewal()
        return await self.store.leases.release(self.run_id, self.owner)

    async def _stop_renewal(self) -> None:
        """It would take a lease that was given away for a lost one."""
        self.renewal.cancel()
        await asyncio.wait([self.renewal])


@asynccontextmanager
async def held_lease(store: Store, *, run_id: str, mission_id: str, operation: str, seconds: int) -> AsyncGenerator[Lease]:
    """The run's lease, renewed in the background; a run that heeds `stop` is put back to scheduled.

    Prefect's Abort (no state is changed) then, and when another process has the run.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    execution = await _claim(store, run_id=run_id, mission_id=mission_id, operation=operation, owner=owner, seconds=seconds)
    renewal = asyncio.create_task(_renew(store, run_id, owner, seconds, asyncio.current_task()))
    stop = StopRequest.heard()
    lease = Lease(store=store, run_id=run_id, owner=owner, seconds=seconds, execution=execution, renewal=renewal, stop=stop)
    try:
        yield lease
    except StopAsked:
        if await lease.release():  # a kill right after leaves a run without a process, which the reconciler starts again
            await put_back(run_id)
        raise Abort(f"The worker stops; run {run_id} goes on when one has started.") from None
    except LeaseLost as lost:
        raise Abort(str(lost)) from lost
    except asyncio.CancelledError:
        if renewal.done() and not renewal.cancelled():
            raise Abort(f"Run {run_id} is worked on by another process now.") from None
        raise
    finally:
        renewal.cancel()


def is_last_word(error: MissionsError) -> bool:
    """Whether the run ends with this error.

    Otherwise another process has the run, or the ground it stands on (store, Prefect) is away: it goes on later.
    """
    if isinstance(error, ModelUnavailable | ToolServerUnavailable):
        return True
    return not isinstance(error, LeaseLost | Unavailable)


async def _claim(store: Store, *, run_id: str, mission_id: str, operation: str, owner: str, seconds: int) -> int:
    """Wait for a dead owner's lease to run out, but not for a living one's."""
    give_up = monotonic() + 2 * seconds
    while True:
        execution = await store.leases.claim(run_id, mission_id=mission_id, operation=operation, owner=owner, seconds=seconds)
        if execution is not None:
            return execution
        if monotonic() > give_up:
            raise Abort(f"Run {run_id} is worked on by another process.")
        await asyncio.sleep(0.5)


async def _renew(store: Store, run_id: str, owner: str, seconds: int, worker: "asyncio.Task[object] | None") -> None:
    """Renew three times in a lease's life; end the work, and return, when the lease is lost."""
    while await _is_renewed(store, run_id, owner, seconds):
        await asyncio.sleep(seconds / 3)
    if worker is not None:
        worker.cancel()


async def _is_renewed(store: Store, run_id: str, owner: str, seconds: int) -> bool:
    """False only when the store says that the lease is another's: a store that is away has taken nothing from us."""
    try:
        return await store.leases.renew(run_id, owner, seconds)
    except Unavailable as error:
        logger.warning("The lease of run %s could not be renewed: %s", run_id, error)
        return True

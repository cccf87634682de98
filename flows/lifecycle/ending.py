"""Ends all that is in progress of a Mission that is deleted (R3.3)."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling

ENDS_WITHIN = 45.0
"""Seconds. A run ends within 10 s of its cancellation, or is killed after 30; later nobody is there who could end it."""

_POLL_SECONDS = 0.5
_REASON = "Its Mission is deleted."


async def end_runs(client: PrefectClient, flow_runs: Sequence[FlowRun]) -> int:
    """Cancel those that are not over, and wait until they are; gives how many were cancelled.

    Operations on the Mission, such as the one that asked for its deletion, end by themselves and are only waited for.
    """
    going = [run for run in flow_runs if _is_going(run)]
    for run in going:
        await _cancel(client, run)
    give_up = monotonic() + ENDS_WITHIN
    left = [run for run in flow_runs if _has_process(run)]
    while left and monotonic() < give_up:
        await asyncio.sleep(_POLL_SECONDS)
        left = [now for run in left if (now := await _read(client, run)) and _has_process(now)]
    for run in left:
        await client.set_flow_run_state(run.id, Cancelled(message=_REASON), force=True)
    return len(going)


def _is_going(run: FlowRun) -> bool:
    """Whether it is to be cancelled: neither over, nor laid ahead, nor an operation that ends within seconds."""
    state = run.state
    if state is None or state.is_final() or state.is_cancelling() or _is_short(run):
        return False
    return not (state.is_scheduled() and run.run_count == 0 and state.name in ("Scheduled", "Late"))


def _has_process(run: FlowRun) -> bool:
    state = run.state
    return state is not None and (state.is_pending() or state.is_running() or state.is_cancelling())


def _is_short(run: FlowRun) -> bool:
    return run.name.partition(" ")[0] in ("delete", "disable", "enable", "launch", "reply")


async def _cancel(client: PrefectClient, run: FlowRun) -> None:
    """What has no process is over at once."""
    wanted = Cancelling(message=_REASON) if _has_process(run) else Cancelled(message=_REASON)
    try:
        await client.set_flow_run_state(run.id, wanted, force=not _has_process(run))
    except ObjectNotFound:
        return


async def _read(client: PrefectClient, run: FlowRun) -> FlowRun | None:
    try:
        return await client.read_flow_run(run.id)
    except ObjectNotFound:
        return None

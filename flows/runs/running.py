"""One execution of a run: gate, lease, work, report, and the state that Prefect shows in the end."""

import asyncio

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.states import Cancelled, Completed, Failed

from blocks.link_key import load_link_key
from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.admission import Queue, Skip
from blueprint.errors import MissionsError
from blueprint.occasion import EventGiven
from blueprint.records import RunRecord, RunState
from flows.links.results import ResultLinks
from flows.links.signing import loaded_once
from flows.naming import steps_key
from flows.opening import open_store
from flows.runs.admitting import Admitted, Wish, enter
from flows.runs.closing import close_run, reason_of_cancellation
from flows.runs.lease import Lease, held_lease, is_last_word
from flows.runs.picture import FINISH_SECONDS, Picture
from flows.runs.queueing import put_off
from flows.runs.run import Run
from flows.runs.working import do_work
from flows.settings import RunSettings
from reports.text import unlinked

OPERATION = "run-task"
"""What leases of Task runs are held for."""

CANCELLED_SECONDS = 2.0
"""A cancelled run is to be over within 10 s (R4.7); so long it may draw its last steps."""


async def run_to_end(wish: Wish) -> State:
    """Begin, or go on with, the flow run that this process executes; gives its final state, the reason as message.

    Prefect's Abort (no state is changed) when the run waits for its turn.
    """
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    flow_run = present_flow_run()
    run_id = str(flow_run.id)
    async with open_store() as store:
        if over := await _over(store, run_id):
            return over
        async with held_lease(
            store, run_id=run_id, mission_id=wish.mission, operation=OPERATION, seconds=settings.lease_seconds
        ) as lease:
            return await _begin(store, settings, lease, flow_run, wish)


async def _over(store: Store, run_id: str) -> State | None:
    """The final state of a run that is over and that somebody starts again by hand: it is shown again, nothing is done."""
    record = await store.runs.find_started(run_id)
    if record is not None:
        return final_state(record) if record.report_path else None
    lease = await store.leases.get(run_id)
    if lease is not None and lease.state is LeaseState.ENDED:
        return Cancelled(message="This run was over before it was started again; start a new one.")
    return None


async def _begin(store: Store, settings: RunSettings, lease: Lease, flow_run: FlowRun, wish: Wish) -> State:
    try:
        entered = await enter(store, flow_run, wish)
    except MissionsError as refusal:
        if not is_last_word(refusal):
            raise
        await store.leases.end(lease.run_id)  # refused for good; a run that only failed would be started again
        return Failed(message=str(refusal))
    if isinstance(entered, Queue):
        await lease.queue()
        await put_off(lease.run_id, entered.reason)
        raise Abort(entered.reason)
    if isinstance(entered, Skip):
        return Cancelled(message=entered.reason)
    return final_state(await _to_record(store, settings, lease, entered, wish.event))


def present_flow_run() -> FlowRun:
    """The flow run of this process."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("This works only inside a Prefect flow run; start it through its deployment.")
    return context.flow_run


def final_state(record: RunRecord) -> State:
    """The Prefect state that shows how a run ended (R4.1)."""
    reason = unlinked(record.reason, 2_000)  # Prefect logs it, and its console makes links of addresses
    match record.state:
        case RunState.SUCCESS:
            return Completed(message=reason or _said(record))
        case RunState.CANCELLED:
            return Cancelled(message=reason)
        case RunState.FAILED | RunState.RUNNING:
            return Failed(message=reason)


def _said(record: RunRecord) -> str | None:
    return unlinked(record.conclusion.summary, 300) if record.conclusion else None


async def _to_record(
    store: Store, settings: RunSettings, lease: Lease, admitted: Admitted, event: EventGiven | None
) -> RunRecord:
    record = admitted.record
    if record.ended_at is not None:
        return await close_run(store, settings.home, record.id, state=record.state, reason=record.reason)
    links = ResultLinks(home=settings.home, load_key=loaded_once(load_link_key))
    picture = Picture(flow_run_id=record.id, artifact_key=steps_key(record.mission_id, record.id), link_to=links.of)
    run = Run(admitted=admitted, lease=lease, picture=picture, settings=settings, event=event)
    state, reason = await _outcome(run)
    await picture.finish(CANCELLED_SECONDS if state is RunState.CANCELLED else FINISH_SECONDS)
    await lease.beat()
    return await close_run(store, settings.home, record.id, state=state, reason=reason)


async def _outcome(run: Run) -> tuple[RunState, str]:
    """Work; then how it ended and why. A process that is ended without a cancellation of the run leaves it to go on."""
    try:
        await do_work(run)
    except MissionsError as error:
        if not is_last_word(error):
            raise
        return RunState.FAILED, str(error)
    except asyncio.CancelledError:
        if not await is_cancelled(run.lease.run_id):
            raise
        return RunState.CANCELLED, reason_of_cancellation(await run.lease.store.runs.get(run.lease.run_id))
    return RunState.SUCCESS, ""


async def is_cancelled(run_id: str) -> bool:
    """Whether people have cancelled this flow run, as against its process being stopped."""
    async with get_client() as client:
        flow_run = await client.read_flow_run(run_id)  # pyright: ignore[reportArgumentType] a UUID as text is taken
    return flow_run.state is not None and (flow_run.state.is_cancelling() or flow_run.state.is_cancelled())

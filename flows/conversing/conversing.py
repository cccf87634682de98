"""One execution of a conversation about a Mission: lease, what is done, and the state that Prefect shows in the end (R3.5)."""

import asyncio
from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.errors import InvalidInput, MissionsError, UnknownName
from blueprint.mission import Mission, check_not_deleted
from blueprint.records import ConversationTurn
from flows.conversing.talk import Talk
from flows.conversing.talking import failure_key, reply_key, talk
from flows.creation.planner import open_planner
from flows.creation.surroundings import look_around
from flows.lifecycle.own_run import mark_own_run
from flows.opening import open_store
from flows.runs.lease import Lease, held_lease, is_last_word
from flows.runs.running import is_cancelled, present_flow_run
from flows.settings import RunSettings

OPERATION = "converse"
"""What leases of conversations are held for."""


async def converse_to_end(mission: str, text: str) -> State:
    """Begin, or go on with, the conversation that this process executes; gives its final state with what was answered."""
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    run_id = str(present_flow_run().id)
    try:
        async with open_store() as store:
            known = await store.leases.get(run_id)
            if known is not None and known.state is LeaseState.ENDED:
                return await ended_conversation(store, known.mission_id, run_id)
            found = await _mission(store, known.mission_id if known else "", mission)
            await mark_own_run(found.id)
            async with held_lease(
                store, run_id=run_id, mission_id=found.id, operation=OPERATION, seconds=settings.lease_seconds
            ) as lease:
                state = await _outcome(lease, settings, found, text)
                await lease.beat()
                await store.leases.end(run_id)
                return state
    except MissionsError as refusal:
        if not isinstance(refusal, InvalidInput):
            raise
        return Failed(message=str(refusal))


async def ended_conversation(store: Store, mission_id: str, run_id: str) -> State:
    """How a conversation ended that is over by its lease, for a process that comes to it again."""
    if failure := await store.conversation.get(mission_id, failure_key(run_id)):
        return Failed(message=failure.text)
    reply = await store.conversation.get(mission_id, reply_key(run_id))
    return _answered(reply.text) if reply else Completed(message="This conversation is over; start a new one.")


async def _mission(store: Store, known_id: str, given: str) -> Mission:
    """The Mission that is meant. By now it may have been renamed by this very conversation."""
    try:
        found = await store.missions.get(known_id)
    except UnknownName:
        found = await store.missions.find(given)
    check_not_deleted(found, "say about it")
    return found


async def _outcome(lease: Lease, settings: RunSettings, mission: Mission, text: str) -> State:
    try:
        reply = await _talk(lease, settings, mission, text)
        for line in _lines(reply):
            get_run_logger().info("%s", line)
        return _answered(reply)
    except MissionsError as error:
        if not is_last_word(error):
            raise
        turn = ConversationTurn(role="planner", text=str(error), at=datetime.now(UTC))
        await lease.store.conversation.add(mission.id, turn, failure_key(lease.run_id))
        return Failed(message=str(error))
    except asyncio.CancelledError:
        if not await is_cancelled(lease.run_id):
            raise
        return Cancelled(message="A person cancelled the conversation; what was not confirmed is not done.")


def _answered(reply: str) -> State:
    """The reply as the words of a state, on one line: Prefect logs and shows them so. Its lines stand in the run's log."""
    return Completed(message=" ".join(_lines(reply)))


def _lines(reply: str) -> list[str]:
    return [line.strip() for line in reply.splitlines() if line.strip()]


async def _talk(lease: Lease, settings: RunSettings, mission: Mission, text: str) -> str:
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    seen = await look_around(employee, settings)
    async with open_planner(lease, settings, mission, employee) as planner, get_client() as client:
        return await talk(
            Talk(
                store=lease.store,
                client=client,
                people=planner.people,
                run_id=lease.run_id,
                mission_id=mission.id,
                text=text,
                model=planner.model,
                employee=employee,
                seen=seen,
            )
        )

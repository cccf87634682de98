"""The flow that shows the message center in the console, and marks messages as read (R7.4)."""

from datetime import UTC, datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.store.store import Store
from blueprint.errors import MissionsError
from blueprint.mission import check_not_deleted
from blueprint.records import Message
from flows.artifacts import keep_page
from flows.lifecycle.own_run import mark_own_run
from flows.links.console import artifact_page, run_page
from flows.naming import inbox_key
from flows.opening import open_store
from flows.runs.running import present_flow_run
from reports.inbox import inbox_page


@flow(name="inbox", persist_result=False)
async def inbox(unread: bool = False, mission: str = "", mark_read: bool = False) -> State:
    """Show the message center as an artifact: open questions on top with the time left, then messages.

    Args:
        unread: Only messages that nobody has read.
        mission: Only those of one Mission: its id, the beginning of it, or its name.
        mark_read: Those that are shown count as read from now on.
    """
    run_id = str(present_flow_run().id)
    try:
        async with open_store() as store:
            found = await _named(store, mission) if mission.strip() else None
            messages = await store.messages.list(unread_only=unread, mission_id=found)
            page = await _page(store, messages, found)
            artifact = await keep_page(key=inbox_key(found), description="Inbox", page=page, flow_run_id=run_id)
            if mark_read:
                await store.messages.mark_read([message.id for message in messages])
    except MissionsError as error:
        return Failed(message=str(error))
    return Completed(message=f"{len(messages)} messages: {artifact_page(artifact)}")


async def _named(store: Store, mission: str) -> str:
    """Its id. The run is marked as the Mission's: it was started with a name that may be another one by the end."""
    found = await store.missions.find(mission)
    await mark_own_run(found.id)
    check_not_deleted(found, "show of it")
    return found.id


async def _page(store: Store, messages: list[Message], mission_id: str | None) -> str:
    requests = await store.requests.all_open(mission_id)
    titles = {mission.id: mission.title for mission in await store.missions.list()}
    runs = {one.run_id for one in (*requests, *messages) if one.run_id}
    pages = {run_id: run_page(run_id) for run_id in runs}
    return inbox_page(requests, messages, now=datetime.now(UTC), titles=titles, pages=pages)

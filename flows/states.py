"""The flows that change a Mission's state, for the console, for automations and for `prefect deployment run` (R3.1, R3.2)."""

from collections.abc import Awaitable, Callable

from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.store.store import Store
from blueprint.errors import MissionsError
from blueprint.mission import Mission
from flows.creation.choosing import launch_version
from flows.lifecycle.deleting import begin_deletion
from flows.lifecycle.own_run import mark_own_run
from flows.lifecycle.publishing import certificate_name
from flows.lifecycle.switching import disable as disable_mission
from flows.lifecycle.switching import enable as enable_mission
from flows.links.console import deployments_page
from flows.opening import open_store

Change = Callable[[Store, PrefectClient, Mission], Awaitable[str]]
"""Changes a Mission; gives a sentence about it."""


@flow(name="launch", flow_run_name="launch {mission}", persist_result=False)
async def launch(mission: str, version: int = 0) -> State:
    """Verify a Mission's plan and put it in force: its Tasks start at their times from then on.

    Args:
        mission: The Mission: its id, the beginning of it, or its name.
        version: The version of the plan; 0 for the one in force, or the Draft's. An older one comes back as a new version.
    """

    async def change(store: Store, _: PrefectClient, found: Mission) -> str:
        number = await launch_version(store, found, version=version or None, by="deployment:launch")
        return f"Version {number} of the plan of {found.id} is in force, and the Mission is Active: {deployments_page(found.id)}"

    return await _changed(mission, change)


@flow(name="disable", flow_run_name="disable {mission}", persist_result=False)
async def disable(mission: str) -> State:
    """Pause a Mission: nothing of it starts any more, by whatever way; runs in progress go on to their end.

    Args:
        mission: The Mission: its id, the beginning of it, or its name.
    """

    async def change(store: Store, client: PrefectClient, found: Mission) -> str:
        await disable_mission(store, client, found.id, by="deployment:disable")
        return f"Mission {found.id} is Paused: nothing of it starts until the deployment enable, or `missions enable`, is run."

    return await _changed(mission, change)


@flow(name="enable", flow_run_name="enable {mission}", persist_result=False)
async def enable(mission: str) -> State:
    """Let a paused Mission go on: its schedules start runs again from now on, and nothing is caught up.

    Args:
        mission: The Mission: its id, the beginning of it, or its name.
    """

    async def change(store: Store, client: PrefectClient, found: Mission) -> str:
        await enable_mission(store, client, found.id, by="deployment:enable")
        return f"Mission {found.id} is Active: {deployments_page(found.id)}"

    return await _changed(mission, change)


@flow(name="delete", flow_run_name="delete", persist_result=False)
async def delete(mission: str, confirm: str) -> State:
    """Delete a Mission for good, with its runs, reports, messages and records, and this run. This can't be undone.

    In the end there is an artifact `deleted-…` that certifies it.

    Args:
        mission: The Mission: its id, the beginning of it, or its name.
        confirm: The Mission's id, typed out. This run goes with the Mission; the artifact deleted-… tells when all is done.
    """

    async def change(store: Store, _: PrefectClient, found: Mission) -> str:
        begun = await begin_deletion(store, found.id, confirm, by="deployment:delete")
        return f"It is being deleted, this run too; then there is the artifact {certificate_name(begun)!r}."

    return await _changed(mission, change)


async def _changed(mission: str, change: Change) -> State:
    """Do it; a refusal ends the flow run as Failed, with the sentence that says why."""
    try:
        async with open_store() as store, get_client() as client:
            found = await store.missions.find(mission)
            await mark_own_run(found.id)
            return Completed(message=await change(store, client, found))
    except MissionsError as refusal:
        return Failed(message=str(refusal))

"""Marks the flow run of an operation as its Mission's, so that it is found, and goes, with it."""

from prefect.client.orchestration import PrefectClient, get_client

from deployments.spec import mission_tag
from flows.runs.running import present_flow_run


async def mark_own_run(mission_id: str) -> None:
    """Give the flow run of this process the Mission's tag; the same again changes nothing."""
    async with get_client() as client:
        await _mark(client, mission_id)


async def _mark(client: PrefectClient, mission_id: str) -> None:
    flow_run = present_flow_run()
    if (tag := mission_tag(mission_id)) not in flow_run.tags:
        await client.update_flow_run(flow_run.id, tags=[*flow_run.tags, tag])

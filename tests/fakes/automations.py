"""An automation by hand: events of a source start runs of a deployment that no worker takes."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.events.schemas.automations import AutomationCore

_PAYLOAD = {"__prefect_kind": "json", "value": {"__prefect_kind": "jinja", "template": "{{ event.payload | tojson }}"}}


@asynccontextmanager
async def waiting_deployment(
    client: PrefectClient, source: str, *, event: str = "alertmanager.firing", cooldown_seconds: int = 0
) -> AsyncGenerator[UUID]:
    """The deployment's id; with a cool-down at most one run in that time for each thing that the events are about."""
    name = f"on-event-{uuid4().hex[:8]}"
    flow = await client.create_flow_from_name(name)
    deployment = await client.create_deployment(flow_id=flow, name=name, enforce_parameter_schema=False)
    parameters = {"payload": _PAYLOAD, "event_id": "{{ event.id | string }}"}
    async with automation(client, name, source, event, cooldown_seconds, deployment, parameters):
        yield deployment
    await client.delete_flow(flow)


@asynccontextmanager
async def automation(
    client: PrefectClient,
    name: str,
    source: str,
    event: str,
    cooldown_seconds: int,
    deployment: UUID,
    parameters: dict[str, Any],
) -> AsyncGenerator[None]:
    """An automation that runs the deployment, whether there is such a one or not."""
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "expect": [event],
        "match": {"prefect.resource.id": "missions.event.*", "missions.source": source},
        "for_each": ["prefect.resource.id"] if cooldown_seconds else [],
        "threshold": 1,
        "within": cooldown_seconds,
    }
    action = {"type": "run-deployment", "source": "selected", "deployment_id": str(deployment), "parameters": parameters}
    made = await client.create_automation(AutomationCore.model_validate({"name": name, "trigger": trigger, "actions": [action]}))
    try:
        yield
    finally:
        await client.delete_automation(made)


async def runs_of(client: PrefectClient, deployment: UUID) -> Sequence[FlowRun]:
    """All runs that it has, at most 200."""
    wanted = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment]}})
    return await client.read_flow_runs(flow_run_filter=wanted, limit=200)

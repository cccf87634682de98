"""The flows that people start themselves, as deployments of this installation (S1, S2)."""

from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.utilities.callables import parameter_schema
from pydantic import JsonValue, TypeAdapter

from deployments.apply import apply, ensure_work_pool
from deployments.spec import DeploymentPlan
from deployments.system import SystemFlow, system_plan
from flows.converse import converse
from flows.create import create
from flows.inbox import inbox
from flows.reply import reply_to_run
from flows.report import report
from flows.states import delete, disable, enable, launch

_SCHEMA: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def system_deployments() -> DeploymentPlan:
    """One deployment for each system flow."""
    return system_plan(
        [
            _offer(create, "flows.create.create"),
            _offer(converse, "flows.converse.converse"),
            _offer(reply_to_run, "flows.reply.reply_to_run"),
            _offer(report, "flows.report.report"),
            _offer(inbox, "flows.inbox.inbox"),
            _offer(launch, "flows.states.launch"),
            _offer(disable, "flows.states.disable"),
            _offer(enable, "flows.states.enable"),
            _offer(delete, "flows.states.delete"),
        ]
    )


async def register_system_flows() -> None:
    """Make the work pool and the system deployments exist; touches only what differs."""
    async with get_client() as client:
        await ensure_work_pool(client)
        await apply(system_deployments(), client, is_paused=False)


def _offer(flow: "Flow[..., Any]", entrypoint: str) -> SystemFlow:
    schema = _SCHEMA.validate_python(parameter_schema(flow).model_dump(exclude_unset=True))
    return SystemFlow(name=flow.name, entrypoint=entrypoint, description=_about(flow), parameter_schema=schema)


def _about(flow: "Flow[..., Any]") -> str:
    """What the flow does, without its arguments: they are described in the form itself."""
    return (flow.description or "").partition("\nArgs:")[0].strip()

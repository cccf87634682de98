"""Gives the flows that people start themselves (create, reply, ...) as deployments, so that the console offers them (S1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from deployments.spec import MISSIONS_TAG, DeploymentPlan, DeploymentSpec

SYSTEM_TAG = "missions-system"


@dataclass(frozen=True, kw_only=True)
class SystemFlow:
    """A flow to offer: its Prefect name, the module path of its function, what it does, and the form of its parameters.

    `parameter_schema` is `parameter_schema(flow).model_dump(exclude_unset=True)`: what `prefect deploy` would store too.
    """

    name: str
    entrypoint: str
    description: str
    parameter_schema: Mapping[str, JsonValue]


def system_plan(flows: Sequence[SystemFlow]) -> DeploymentPlan:
    """One deployment a flow, called as the flow is; the values of its form come from whoever starts it."""
    return DeploymentPlan(tag=SYSTEM_TAG, deployments=tuple(_deployment(flow) for flow in flows))


def _deployment(flow: SystemFlow) -> DeploymentSpec:
    return DeploymentSpec(
        name=flow.name,
        flow_name=flow.name,
        entrypoint=flow.entrypoint,
        description=flow.description,
        parameters={},
        parameter_schema=flow.parameter_schema,
        tags=(MISSIONS_TAG, SYSTEM_TAG),
    )

"""What a Mission's plan comes to in Prefect: a deployment for each Task, and one for its reports (R2.7, R6.2)."""

from collections.abc import Callable
from dataclasses import replace

from prefect.utilities.callables import parameter_schema
from pydantic import JsonValue, TypeAdapter

from blueprint.mission import Mission
from blueprint.plan import Blueprint
from deployments.compiler import compile_blueprint
from deployments.reporting import report_deployment
from deployments.spec import DeploymentPlan
from flows.report import report
from flows.run_task import run_task

_SCHEMA: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def compiled(mission: Mission, plan: Blueprint, version: int) -> DeploymentPlan:
    """The deployments of a plan, with the parameter forms of their flows; InvalidInput for what can't be compiled."""
    tasks = compile_blueprint(mission, plan, version, parameter_schema=_form(run_task))
    reports = report_deployment(mission, plan.timezone or mission.timezone or "UTC", parameter_schema=_form(report))
    return replace(tasks, deployments=(*tasks.deployments, reports)) if reports else tasks


def _form(flow: Callable[..., object]) -> dict[str, JsonValue]:
    return _SCHEMA.validate_python(parameter_schema(flow).model_dump(exclude_unset=True))

"""Starts runs of deployments."""

from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound

from blueprint.errors import InvalidInput, Unavailable, UnknownName
from blueprint.mission import Mission, MissionState, not_running
from blueprint.plan import Blueprint
from deployments.compiler import TASK_FLOW, deployment_name


async def start(client: PrefectClient, deployment: str, parameters: dict[str, Any], *, once_key: str | None = None) -> str:
    """Start a run of the deployment `flow/name` now; gives the run's id. With the same `once_key` there is one run only."""
    try:
        found = await client.read_deployment_by_name(deployment)
    except ObjectNotFound as error:
        raise Unavailable(f"There is no deployment {deployment!r} on the Prefect server; start `missions up` once.") from error
    flow_run = await client.create_flow_run_from_deployment(found.id, parameters=parameters, idempotency_key=once_key)
    return str(flow_run.id)


async def start_task(client: PrefectClient, mission: Mission, plan: Blueprint, task: str, *, once_key: str | None = None) -> str:
    """Start a run of a Task by hand; its schedule stays as it is (R2.5). InvalidInput while the gate would refuse it."""
    if mission.state is not MissionState.ACTIVE:
        raise InvalidInput(not_running(mission))
    if plan.task(task) is None:
        raise UnknownName("Task", task, [known.name for known in plan.tasks])
    name = f"{TASK_FLOW}/{deployment_name(mission.id, task)}"
    return await start(client, name, {"mission": mission.id, "task": task}, once_key=once_key)

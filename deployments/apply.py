"""Makes Prefect's deployments match a DeploymentPlan; the only place that writes deployments and schedules.

Every deployment is written whole by one request, which Prefect carries out in one transaction, and carries the hash of its
spec. So whatever was interrupted, applying again finds what is missing and touches nothing else.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import DeploymentSort
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.spec import WORK_POOL, DeploymentPlan, DeploymentSpec, mission_tag

_PAGE = 200
_BEGUN = [StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Names of the deployments, by what `apply` did with them."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    """No longer in the plan, but a run of theirs is in progress and needs them: left without schedules, to be deleted later."""


async def apply(plan: DeploymentPlan, client: PrefectClient, *, is_paused: bool) -> Changes:
    """Creates, updates and deletes deployments until those with the plan's tag are those of the plan (R2.7).

    `is_paused` pauses all of them. Not paused means that new ones run; those that are paused stay so until `set_paused`.
    """
    present = {found.name: found for found in await _find(plan.tag, client)}
    wanted = {spec.name for spec in plan.deployments}
    created = [spec for spec in plan.deployments if spec.name not in present]
    updated = [spec for spec in plan.deployments if spec.name in present and not _is_current(present[spec.name], spec)]
    await _write([*created, *updated], client, is_paused=is_paused)
    touched = {spec.name for spec in (*created, *updated)}
    kept = [found for name, found in present.items() if name in wanted and name not in touched]
    paused = await _switch(kept, True, client) if is_paused else ()
    deleted, retired = await _withdraw([found for name, found in present.items() if name not in wanted], client)
    return Changes(
        created=tuple(spec.name for spec in created),
        updated=(*(spec.name for spec in updated), *paused),
        unchanged=tuple(found.name for found in kept if found.name not in paused),
        deleted=deleted,
        retired=retired,
    )


async def set_paused(mission_id: str, is_paused: bool, client: PrefectClient) -> tuple[str, ...]:
    """Pauses or resumes a Mission's deployments; the names of those that were not so already (R3.2).

    Pausing drops the runs that schedules have laid ahead, resuming lays new ones from now on: nothing is caught up.
    """
    return await _switch(await _find(mission_tag(mission_id), client), is_paused, client)


async def remove(mission_id: str, client: PrefectClient) -> tuple[str, ...]:
    """Deletes a Mission's deployments with all runs that have not started; the names of those that were there."""
    found = await _find(mission_tag(mission_id), client)
    for deployment in found:
        await _delete(deployment.id, client)
    return tuple(deployment.name for deployment in found)


async def ensure_work_pool(client: PrefectClient) -> None:
    """Creates the work pool `missions`, of type process, unless one of that name is there, of whatever type."""
    try:
        await client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):  # somebody else was quicker
            await client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type=ProcessWorker.type, base_job_template=template))


async def _find(tag: str, client: PrefectClient) -> list[DeploymentResponse]:
    with_tag = DeploymentFilter(tags=DeploymentFilterTags(all_=[tag]))
    found: list[DeploymentResponse] = []
    while True:
        page = await client.read_deployments(
            deployment_filter=with_tag, sort=DeploymentSort.NAME_ASC, limit=_PAGE, offset=len(found)
        )
        found.extend(page)
        if len(page) < _PAGE:
            return found


def _is_current(found: DeploymentResponse, spec: DeploymentSpec) -> bool:
    """True when nothing has to be written; a retired deployment has its hash still, but not its schedules."""
    return found.version == spec.hash and {one.slug for one in found.schedules} == {one.slug for one in spec.schedules}


async def _write(specs: Sequence[DeploymentSpec], client: PrefectClient, *, is_paused: bool) -> None:
    """Creates the deployments or, where one of that flow and name is there, replaces it with its schedules."""
    schedules = {spec.name: _schedules(spec) for spec in specs}  # what Prefect can't read fails here, before the first write
    flow_ids = {name: await client.create_flow_from_name(name) for name in dict.fromkeys(spec.flow_name for spec in specs)}
    for spec in specs:
        await client.create_deployment(
            flow_id=flow_ids[spec.flow_name],
            name=spec.name,
            version=spec.hash,
            description=spec.text,
            tags=list(spec.tags),
            entrypoint=spec.entrypoint,
            path=None,
            pull_steps=[],  # the flows are installed with the package: nothing to copy
            parameters=dict(spec.parameters),
            parameter_openapi_schema=dict(spec.parameter_schema),
            enforce_parameter_schema=True,
            schedules=schedules[spec.name],
            work_pool_name=spec.work_pool,
            paused=True if is_paused else None,  # None leaves one that is there as it is
        )


def _schedules(spec: DeploymentSpec) -> list[DeploymentScheduleCreate]:
    return [
        DeploymentScheduleCreate(schedule=CronSchedule(cron=schedule.cron, timezone=schedule.timezone), slug=schedule.slug)
        for schedule in spec.schedules
    ]


async def _switch(deployments: Sequence[DeploymentResponse], is_paused: bool, client: PrefectClient) -> tuple[str, ...]:
    differing = [deployment for deployment in deployments if deployment.paused != is_paused]
    for deployment in differing:
        if is_paused:
            await client.pause_deployment(deployment.id)
        else:
            await client.resume_deployment(deployment.id)
    return tuple(deployment.name for deployment in differing)


async def _withdraw(deployments: Sequence[DeploymentResponse], client: PrefectClient) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Deletes what is no longer wanted, or only its schedules while a run of it is in progress; the names of both kinds."""
    deleted: list[str] = []
    retired: list[str] = []
    for deployment in deployments:
        if await _has_run_in_progress(deployment.id, client):
            for schedule in deployment.schedules:
                await client.delete_deployment_schedule(deployment.id, schedule.id)
            retired.append(deployment.name)
        else:
            await _delete(deployment.id, client)
            deleted.append(deployment.name)
    return tuple(deleted), tuple(retired)


async def _delete(deployment_id: UUID, client: PrefectClient) -> None:
    with suppress(ObjectNotFound):  # gone meanwhile, as wanted
        await client.delete_deployment(deployment_id)


async def _has_run_in_progress(deployment_id: UUID, client: PrefectClient) -> bool:
    """True when a run has begun and not ended: it would not find its code again without the deployment."""
    begun = {"operator": "or_", "type": {"any_": _BEGUN}, "name": {"any_": ["Resuming", "AwaitingRetry"]}}
    in_progress = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment_id]}, "state": begun})
    return bool(await client.read_flow_runs(flow_run_filter=in_progress, limit=1))

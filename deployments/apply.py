"""Makes Prefect match a DeploymentPlan; the only place that writes deployments, schedules, automations and single runs.

What to write is decided first, by `steps`, from what is there. Each object is written whole by one request, which Prefect
carries out in one transaction. So whatever was interrupted, applying again finds what is missing and touches nothing else.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import assert_never
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Scheduled
from prefect.workers.process import ProcessWorker

from deployments.automations import automation, owner
from deployments.changes import Changes, summary
from deployments.present import Present, find_automations, find_deployments, read_present
from deployments.spec import ONCE_TAG, WORK_POOL, DeploymentPlan, DeploymentSpec, mission_tag
from deployments.steps import (
    DeleteAutomation,
    DeleteDeployment,
    DeleteRun,
    LayRun,
    MissTime,
    PauseDeployment,
    RetireDeployment,
    Step,
    WriteAutomation,
    WriteDeployment,
    steps,
)


async def apply(plan: DeploymentPlan, client: PrefectClient, *, is_paused: bool) -> Changes:
    """Creates, updates and deletes until what carries the plan's tag is what the plan says (R2.7).

    `is_paused` pauses its deployments. Not paused means that new ones run; those that are paused stay so until `set_paused`.
    """
    present = await read_present(plan, client)
    decided = steps(plan, present, datetime.now(UTC), is_paused=is_paused)
    await _write(decided, present, client, is_paused=is_paused)
    return summary(plan, decided)


async def would_apply(plan: DeploymentPlan, client: PrefectClient, *, is_paused: bool) -> tuple[Step, ...]:
    """What `apply` would do now; nothing is written."""
    return steps(plan, await read_present(plan, client), datetime.now(UTC), is_paused=is_paused)


async def set_paused(mission_id: str, is_paused: bool, client: PrefectClient) -> tuple[str, ...]:
    """Pauses or resumes a Mission's schedules; the names of what was not so already (R3.2).

    Pausing drops the runs that schedules have laid ahead, resuming lays new ones from now on: nothing is caught up. Runs for
    a single time stay, and automations are on either way, so that the gate refuses what they start, with a record (R2.8).
    """
    tag = mission_tag(mission_id)
    deployments = [one for one in await find_deployments(tag, client) if one.paused != is_paused]
    automations = [one for one in await find_automations(tag, client) if not one.enabled]
    for one in deployments:
        await _switch_deployment(one, is_paused, client)
    for one in automations:
        await client.resume_automation(one.id)
    return tuple(one.name for one in (*deployments, *automations))


async def remove(mission_id: str, client: PrefectClient) -> tuple[str, ...]:
    """Deletes a Mission's automations, and its deployments with all runs that have not started; the names of what was there."""
    deployments = await find_deployments(mission_tag(mission_id), client)
    automations = await find_automations(mission_tag(mission_id), client)
    for one in automations:
        await client.delete_automation(one.id)
    for one in deployments:
        await _delete_deployment(one.id, client)
    return tuple(one.name for one in (*deployments, *automations))


async def ensure_work_pool(client: PrefectClient) -> None:
    """Creates the work pool `missions`, of type process, unless one of that name is there, of whatever type."""
    try:
        await client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):  # somebody else was quicker
            await client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type=ProcessWorker.type, base_job_template=template))


async def _write(decided: Sequence[Step], present: Present, client: PrefectClient, *, is_paused: bool) -> None:
    written = [step.spec for step in decided if isinstance(step, WriteDeployment)]
    for spec in written:
        _schedules(spec)  # what Prefect can't read fails here, before the first write
    writer = _Writer(
        client=client,
        is_paused=is_paused,
        flows=await _flows(written, client),
        ids={found.name: found.id for found in present.deployments},
    )
    for step in decided:
        await writer.do(step)


async def _flows(specs: Iterable[DeploymentSpec], client: PrefectClient) -> dict[str, UUID]:
    return {name: await client.create_flow_from_name(name) for name in dict.fromkeys(spec.flow_name for spec in specs)}


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """Does one step after the other; `ids` are those of deployments, by name, what was just created included."""

    client: PrefectClient
    is_paused: bool
    flows: dict[str, UUID]
    ids: dict[str, UUID] = field(default_factory=dict[str, UUID])

    async def do(self, step: Step) -> None:
        match step:
            case WriteDeployment(spec=spec):
                self.ids[spec.name] = await self._write_deployment(spec)
            case PauseDeployment(found=found):
                await _switch_deployment(found, True, self.client)
            case WriteAutomation():
                await self._write_automation(step)
            case LayRun(spec=spec):
                await self._lay_run(spec)
            case MissTime():
                pass
            case DeleteRun(found=run):
                with suppress(ObjectNotFound):
                    await self.client.delete_flow_run(run.id)
            case DeleteAutomation(found=found):
                await self.client.delete_automation(found.id)
            case RetireDeployment(found=found):
                for schedule in found.schedules:
                    await self.client.delete_deployment_schedule(found.id, schedule.id)
            case DeleteDeployment(found=found):
                await _delete_deployment(found.id, self.client)
            case _:
                assert_never(step)

    async def _write_deployment(self, spec: DeploymentSpec) -> UUID:
        return await self.client.create_deployment(
            flow_id=self.flows[spec.flow_name],
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
            schedules=_schedules(spec),
            work_pool_name=spec.work_pool,
            paused=True if self.is_paused else None,  # None leaves one that is there as it is
        )

    async def _write_automation(self, step: WriteAutomation) -> None:
        deployment_id = self.ids[step.deployment]
        wanted = automation(step.spec, deployment_id, is_enabled=step.found.enabled if step.found else True)
        if step.found is None:
            await self.client.create_automation(wanted.model_copy(update={"owner_resource": owner(deployment_id)}))
        else:
            await self.client.update_automation(step.found.id, wanted)

    async def _lay_run(self, spec: DeploymentSpec) -> None:
        await self.client.create_flow_run_from_deployment(
            self.ids[spec.name],
            state=Scheduled(scheduled_time=spec.once_at),
            tags=[ONCE_TAG],
            idempotency_key=spec.once_key,
        )


def _schedules(spec: DeploymentSpec) -> list[DeploymentScheduleCreate]:
    return [
        DeploymentScheduleCreate(schedule=CronSchedule(cron=schedule.cron, timezone=schedule.timezone), slug=schedule.slug)
        for schedule in spec.schedules
    ]


async def _switch_deployment(found: DeploymentResponse, is_paused: bool, client: PrefectClient) -> None:
    await (client.pause_deployment(found.id) if is_paused else client.resume_deployment(found.id))


async def _delete_deployment(deployment_id: UUID, client: PrefectClient) -> None:
    with suppress(ObjectNotFound):  # gone meanwhile, as wanted
        await client.delete_deployment(deployment_id)

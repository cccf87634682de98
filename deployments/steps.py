"""Decides what has to be written until Prefect has what a DeploymentPlan says: nothing where nothing differs (R2.7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import Automation

from deployments.differences import automation_differences, deployment_differences, is_for
from deployments.present import Present
from deployments.spec import AutomationSpec, DeploymentPlan, DeploymentSpec


@dataclass(frozen=True, kw_only=True)
class WriteDeployment:
    """Create a deployment, or replace what is there under its name, schedules included."""

    spec: DeploymentSpec
    found: DeploymentResponse | None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PauseDeployment:
    """Let its schedules start nothing more."""

    found: DeploymentResponse


@dataclass(frozen=True, kw_only=True)
class WriteAutomation:
    """Create the automation of a deployment, or change the one that is there."""

    deployment: str
    spec: AutomationSpec
    found: Automation | None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LayRun:
    """Make the run of a deployment that starts at a single time."""

    spec: DeploymentSpec


@dataclass(frozen=True, kw_only=True)
class MissTime:
    """The single time passed before there was a run for it: nothing is written, people are told."""

    spec: DeploymentSpec


@dataclass(frozen=True, kw_only=True)
class DeleteRun:
    """Take back a run that was laid ahead for a time that the plan no longer names."""

    found: FlowRun
    key: str


@dataclass(frozen=True, kw_only=True)
class DeleteAutomation:
    """Nothing in the plan waits for its event any more."""

    found: Automation


@dataclass(frozen=True, kw_only=True)
class RetireDeployment:
    """No longer in the plan, but a run of it is in progress and needs it: it only loses its schedules."""

    found: DeploymentResponse


@dataclass(frozen=True, kw_only=True)
class DeleteDeployment:
    """No longer in the plan: it goes, with its runs that have not started."""

    found: DeploymentResponse


Step = (
    WriteDeployment
    | PauseDeployment
    | WriteAutomation
    | LayRun
    | MissTime
    | DeleteRun
    | DeleteAutomation
    | RetireDeployment
    | DeleteDeployment
)


def steps(plan: DeploymentPlan, present: Present, now: datetime, *, is_paused: bool) -> tuple[Step, ...]:
    """What to do, in this order: what starts runs comes after what it starts, and goes before it.

    `is_paused` pauses the deployments. Not paused means that new ones run; those that are paused stay so.
    """
    by_name = {found.name: found for found in present.deployments}
    wanted = {spec.name for spec in plan.deployments}
    beside = [found for found in present.deployments if found.name not in wanted]
    return (
        *(step for spec in plan.deployments for step in _deployment(spec, by_name.get(spec.name), is_paused)),
        *_automations(plan, present),
        *_single_runs(plan, present, now),
        *(RetireDeployment(found=found) if found.id in present.in_use else DeleteDeployment(found=found) for found in beside),
    )


def _deployment(spec: DeploymentSpec, found: DeploymentResponse | None, is_paused: bool) -> Iterable[Step]:
    differences = deployment_differences(spec, found) if found else ()
    if found is None or differences:
        yield WriteDeployment(spec=spec, found=found, why=differences)
    elif is_paused and not found.paused:
        yield PauseDeployment(found=found)


def _automations(plan: DeploymentPlan, present: Present) -> Iterable[Step]:
    ids = {found.name: found.id for found in present.deployments}
    kept: set[UUID] = set()
    for deployment in plan.deployments:
        if spec := deployment.automation:
            found = _closest(spec, [one for one in present.automations if is_for(one, ids.get(deployment.name))])
            kept |= {found.id} if found else set()
            yield from _automation(deployment.name, spec, found)
    yield from (DeleteAutomation(found=found) for found in present.automations if found.id not in kept)


def _closest(spec: AutomationSpec, found: Iterable[Automation]) -> Automation | None:
    """The one of the spec's name that differs least: two that wrote at the same time have made two."""
    named = [one for one in found if one.name == spec.name]
    return min(named, key=lambda one: len(automation_differences(spec, one)), default=None)


def _automation(deployment: str, spec: AutomationSpec, found: Automation | None) -> Iterable[Step]:
    differences = automation_differences(spec, found) if found else ()
    if found is None or differences:
        yield WriteAutomation(deployment=deployment, spec=spec, found=found, why=differences)


def _single_runs(plan: DeploymentPlan, present: Present, now: datetime) -> Iterable[Step]:
    laid = {run.idempotency_key for run in present.single_runs}
    wanted = {spec.once_key: spec for spec in plan.deployments if spec.once_at}
    for key, spec in wanted.items():
        if key not in laid:
            assert spec.once_at is not None
            yield LayRun(spec=spec) if spec.once_at > now else MissTime(spec=spec)
    for run in present.single_runs:
        if run.idempotency_key not in wanted and _has_not_begun(run):
            yield DeleteRun(found=run, key=run.idempotency_key or run.name)


def _has_not_begun(run: FlowRun) -> bool:
    """A run that waits for an answer, a retry or its turn is scheduled too, under a name of its own."""
    return run.state is not None and run.state.name in ("Scheduled", "Late") and run.run_count == 0

"""Reads what Prefect has of one Mission, or of all: deployments, automations, and runs laid ahead for a single time."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowFilter, FlowFilterName, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import AutomationSort, DeploymentSort, FlowRunSort
from prefect.events.schemas.automations import Automation

from deployments.compiler import TASK_FLOW
from deployments.spec import ONCE_TAG, DeploymentPlan, mission_tag

PAGE = 200
_BEGUN = [StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
Given = TypeVar("Given")


@dataclass(frozen=True, kw_only=True)
class Present:
    """What there is. `single_runs` are those that were ever laid ahead for a single time, whatever became of them."""

    deployments: tuple[DeploymentResponse, ...] = ()
    automations: tuple[Automation, ...] = ()
    single_runs: tuple[FlowRun, ...] = ()
    in_use: frozenset[UUID] = frozenset()
    """Deployments outside the plan that a run in progress needs: it would not find its code again without."""

    def of(self, mission_id: str) -> "Present":
        """What of it belongs to one Mission."""
        tag = mission_tag(mission_id)
        deployments = tuple(one for one in self.deployments if tag in one.tags)
        ids = {one.id for one in deployments}
        return Present(
            deployments=deployments,
            automations=tuple(one for one in self.automations if tag_of(one) == tag),
            single_runs=tuple(run for run in self.single_runs if run.deployment_id in ids),
            in_use=self.in_use & ids,
        )


async def read_present(plan: DeploymentPlan, client: PrefectClient) -> Present:
    """What of the plan is there, and what is there beside it and carries its tag."""
    deployments = await find_deployments(plan.tag, client)
    return Present(
        deployments=tuple(deployments),
        automations=tuple(await find_automations(plan.tag, client)),
        single_runs=tuple(await _single_runs(plan.tag, client)),
        in_use=await used_beside(plan, deployments, client),
    )


async def read_all(tag: str, client: PrefectClient) -> Present:
    """What there is of all Missions, for a comparison: `tag` is one that all of their deployments carry."""
    return Present(
        deployments=tuple(await find_deployments(tag, client)),
        automations=tuple(await all_automations(client)),
        single_runs=tuple(await _single_runs(tag, client)),
    )


async def used_beside(
    plan: DeploymentPlan, deployments: Collection[DeploymentResponse], client: PrefectClient
) -> frozenset[UUID]:
    """Those of the deployments that are not in the plan and that a run in progress needs."""
    wanted = {spec.name for spec in plan.deployments}
    beside = [found.id for found in deployments if found.name not in wanted]
    return frozenset([found for found in beside if await _has_run_in_progress(found, client)])


async def find_deployments(tag: str, client: PrefectClient) -> list[DeploymentResponse]:
    """All that carry the tag, by name."""
    with_tag = DeploymentFilter(tags=DeploymentFilterTags(all_=[tag]))
    return await all_pages(
        lambda offset: client.read_deployments(
            deployment_filter=with_tag, sort=DeploymentSort.NAME_ASC, limit=PAGE, offset=offset
        )
    )


async def find_task_runs(mission_id: str, client: PrefectClient, *, states: Collection[StateType] = ()) -> list[FlowRun]:
    """Runs of the Mission's Tasks, in one of these states or any; those that make its reports carry its tag too and are none."""
    wanted = {"tags": {"all_": [mission_tag(mission_id)]}} | ({"state": {"type": {"any_": list(states)}}} if states else {})
    of_tasks, tagged = FlowFilter(name=FlowFilterName(any_=[TASK_FLOW])), FlowRunFilter.model_validate(wanted)
    return await all_pages(
        lambda offset: client.read_flow_runs(
            flow_filter=of_tasks, flow_run_filter=tagged, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset
        )
    )


async def find_automations(tag: str, client: PrefectClient) -> list[Automation]:
    """All that were made for Tasks of the Mission with this tag. Prefect can't find names by their beginning."""
    return [found for found in await all_automations(client) if tag_of(found) == tag]


async def all_automations(client: PrefectClient) -> list[Automation]:
    """All that there are, whoever made them."""
    return await all_pages(lambda offset: client.read_automations(sort=AutomationSort.CREATED_DESC, limit=PAGE, offset=offset))


def tag_of(found: Automation) -> str:
    """The tag of the Mission that it was made for, by its name; ids and names of Tasks hold no colon."""
    return found.name.rpartition(":")[0]


async def _single_runs(tag: str, client: PrefectClient) -> list[FlowRun]:
    tagged = FlowRunFilter.model_validate({"tags": {"all_": [tag, ONCE_TAG]}})
    return await all_pages(
        lambda offset: client.read_flow_runs(flow_run_filter=tagged, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset)
    )


async def _has_run_in_progress(deployment_id: UUID, client: PrefectClient) -> bool:
    begun = {"operator": "or_", "type": {"any_": _BEGUN}, "name": {"any_": ["Resuming", "AwaitingRetry"]}}
    in_progress = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment_id]}, "state": begun})
    return bool(await client.read_flow_runs(flow_run_filter=in_progress, limit=1))


async def all_pages(read: Callable[[int], Awaitable[list[Given]]]) -> list[Given]:
    """All that `read` gives, page by page of 200, from the offset that it is told."""
    found: list[Given] = []
    while True:
        page = await read(len(found))
        found += page
        if len(page) < PAGE:
            return found

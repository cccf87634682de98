"""Removes what Prefect's API can remove of one Mission: automations, deployments, artifacts, flow runs (R3.3)."""

import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.exceptions import ObjectNotFound

from blueprint.values import short_id
from deployments.present import PAGE, all_pages, find_automations, find_deployments
from deployments.spec import mission_tag
from deployments.system import SYSTEM_TAG


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there is of a Mission in Prefect."""

    flow_runs: tuple[FlowRun, ...]
    artifacts: tuple[UUID, ...]
    deployments: tuple[UUID, ...]
    automations: tuple[UUID, ...]

    @property
    def traces(self) -> list[str]:
        """Ids of the resources that events tell of."""
        kinds = (
            ("flow-run", (run.id for run in self.flow_runs)),
            ("artifact", self.artifacts),
            ("deployment", self.deployments),
            ("automation", self.automations),
        )
        return [f"prefect.{kind}.{one}" for kind, ids in kinds for one in ids]


async def find_all(
    mission_id: str, title: str, known_runs: Collection[str], client: PrefectClient, *, pages: Sequence[str] = ()
) -> Found:
    """Everything of the Mission. `known_runs` are ids of its runs that carry no tag, such as that of its creation.

    `pages` are keys of pages that tell of many Missions and are drawn again on request: Prefect's events quote them, so they
    count as the Mission's, all versions.
    """
    flow_runs = await find_runs(mission_id, title, known_runs, client)
    tag = mission_tag(mission_id)
    return Found(
        flow_runs=tuple(flow_runs),
        artifacts=tuple(await _artifacts(mission_id, [run.id for run in flow_runs], pages, client)),
        deployments=tuple(one.id for one in await find_deployments(tag, client)),
        automations=tuple(one.id for one in await find_automations(tag, client)),
    )


async def find_runs(mission_id: str, title: str, known_runs: Collection[str], client: PrefectClient) -> list[FlowRun]:
    """Its flow runs: tagged, known by their id, or runs of the operations whose parameters speak of it."""
    tagged = await _flow_runs({"tags": {"all_": [mission_tag(mission_id)]}}, client)
    system = await _flow_runs({"tags": {"all_": [SYSTEM_TAG]}}, client)
    known = set(known_runs)
    spoken = [run for run in system if str(run.id) in known or _speaks_of(run, mission_id, title, known)]
    return list({run.id: run for run in (*tagged, *spoken)}.values())


async def remove_all(found: Found, client: PrefectClient) -> dict[str, int]:
    """Delete it, what starts runs first and the runs last; what is gone already is left out of the counts."""
    kinds: Sequence[tuple[str, Iterable[UUID], Callable[[UUID], Awaitable[object]]]] = (
        ("automations", found.automations, client.delete_automation),
        ("deployments", found.deployments, client.delete_deployment),
        ("artifacts", found.artifacts, client.delete_artifact),
        ("flow runs", (run.id for run in found.flow_runs), client.delete_flow_run),
    )
    return {kind: sum([await _is_deleted(delete, one) for one in ids]) for kind, ids, delete in kinds}


async def _is_deleted(delete: Callable[[UUID], Awaitable[object]], one: UUID) -> bool:
    try:
        await delete(one)
    except ObjectNotFound:  # an earlier attempt, or the deployment's own end, took it
        return False
    return True


async def _flow_runs(wanted: dict[str, object], client: PrefectClient) -> list[FlowRun]:
    which = FlowRunFilter.model_validate(wanted)
    return await all_pages(lambda offset: client.read_flow_runs(flow_run_filter=which, limit=PAGE, offset=offset))


def _speaks_of(run: FlowRun, mission_id: str, title: str, known: Collection[str]) -> bool:
    """Whether a run of an operation was about this Mission, by what it was started with, or named it in its end: among the
    Missions that there are, for a name that there is not.
    """
    if mission_id in ((run.state and run.state.message) or ""):
        return True
    said = str(run.parameters.get("mission", "")).strip()
    if said and said.casefold() == title.casefold():
        return True
    about = str(run.parameters.get("run", "")).strip()
    return mission_id in json.dumps(run.parameters) or (bool(about) and any(about in (one, short_id(one)) for one in known))


async def _artifacts(mission_id: str, flow_runs: Sequence[UUID], pages: Sequence[str], client: PrefectClient) -> list[UUID]:
    """Those of its runs, those that no run made and whose key begins with its id, and the pages."""
    found = [one for start in range(0, len(flow_runs), PAGE) for one in await _of_runs(flow_runs[start : start + PAGE], client)]
    named = await _read_artifacts({"key": {"like_": f"{mission_id}-"}}, client)
    own = [one for one in named if one.flow_run_id is None and (one.key or "").startswith(f"{mission_id}-")]
    shared = await _read_artifacts({"key": {"any_": list(pages)}}, client) if pages else []
    return list(dict.fromkeys(one.id for one in (*found, *own, *shared)))


async def _of_runs(flow_runs: Sequence[UUID], client: PrefectClient) -> list[Artifact]:
    return await _read_artifacts({"flow_run_id": {"any_": list(flow_runs)}}, client)


async def _read_artifacts(wanted: dict[str, object], client: PrefectClient) -> list[Artifact]:
    which = ArtifactFilter.model_validate(wanted)
    return await all_pages(lambda offset: client.read_artifacts(artifact_filter=which, limit=PAGE, offset=offset))

"""Gathers the records of a month, and where each run is shown in the console (R6.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter

from blocks.store.store import Store
from blueprint.calendar import Entry, Month, entries, read_month
from blueprint.errors import InvalidInput
from blueprint.mission import Mission
from blueprint.records import RunRecord, RunState
from flows.links.console import artifact_page, run_page
from flows.naming import report_key, session_key
from reports.calendar import RunLinks

STATES = (*(state.value for state in RunState), "skipped", "to come")
"""What can be asked for."""

_LATEST_START = timedelta(days=2)
"""A run of the last day may have started in the next month: it waited in the queue."""

_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Records:
    """One month of one Mission."""

    month: Month
    found: list[Entry]


async def month_records(
    store: Store, mission: Mission, *, month: str = "", task: str = "", state: str = "", now: datetime
) -> Records:
    """The records of a month, the present one without a name; InvalidInput for a month or state that there is not."""
    if state and state.casefold() not in [known.casefold() for known in STATES]:
        raise InvalidInput(f"There is no state {state!r}; available: {', '.join(STATES)}.")
    plan = await store.plans.get(mission.id, mission.plan_version) if mission.plan_version else None
    which = read_month(month, (plan.timezone if plan else "") or mission.timezone, now)
    runs = await store.runs.between(mission.id, which.since, which.until + _LATEST_START)
    fires = await store.fires.since(mission.id, which.since)
    found = entries(which, now, mission=mission, plan=plan, runs=runs, fires=fires, task=task, state=state)
    return Records(month=which, found=found)


async def run_links(client: PrefectClient, mission_id: str, runs: Sequence[RunRecord]) -> dict[str, RunLinks]:
    """Where each of these runs is shown: its page, its report and its session, as far as they are there."""
    pages: dict[tuple[str, str], str] = {}
    for start in range(0, len(runs), _PAGE // 2):
        pages |= await _artifacts(client, mission_id, runs[start : start + _PAGE // 2])
    return {
        run.id: RunLinks(
            run=run_page(run.id),
            report=pages.get((run.id, report_key(mission_id, run.task)), ""),
            session=pages.get((run.id, session_key(mission_id, run.id)), ""),
        )
        for run in runs
    }


async def _artifacts(client: PrefectClient, mission_id: str, runs: Sequence[RunRecord]) -> dict[tuple[str, str], str]:
    """Addresses of the artifacts by run and key: two for each run at most."""
    keys = {report_key(mission_id, run.task) for run in runs} | {session_key(mission_id, run.id) for run in runs}
    wanted = {"key": {"any_": sorted(keys)}, "flow_run_id": {"any_": [run.id for run in runs]}}
    found = await client.read_artifacts(artifact_filter=ArtifactFilter.model_validate(wanted), limit=_PAGE)
    return {(str(one.flow_run_id), one.key or ""): artifact_page(str(one.id)) for one in found}

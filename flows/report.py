"""The flow that makes a Mission Report, on its schedule and on demand (R6.2)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from blocks.store.store import Store
from blueprint.errors import MissionsError
from blueprint.mission import check_not_deleted
from blueprint.reporting import MissionReportRecord
from flows.lifecycle.sole_change import sole_change
from flows.opening import open_store
from flows.reporting.due import due_report
from flows.reporting.making import OPERATION, make_report
from flows.runs.lease import held_lease, is_last_word
from flows.runs.running import present_flow_run
from flows.settings import RunSettings
from reports.period import Period


@flow(name="report", flow_run_name="report: {mission}", persist_result=False)
async def report(
    mission: str,
    days: Annotated[int, Field(ge=1, le=366)] = 7,
    is_due: bool = False,
) -> State:
    """Report a period of a Mission: runs, findings, questions, missed fires, cost. It comes as artifact, file and message.

    Args:
        mission: The Mission's id.
        days: How many days up to now are reported.
        is_due: Set by the Mission's schedule: report the time between its last two times instead, unless that was done.
    """
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    run_id = str(present_flow_run().id)
    try:
        async with open_store() as store:
            found = await store.missions.find(mission)
            check_not_deleted(found, "report of it")
            async with held_lease(store, run_id=run_id, mission_id=found.id, operation=OPERATION, seconds=settings.lease_seconds):
                state = await _outcome(store, settings.home, run_id, found.id, days=None if is_due else days)
                await store.leases.end(run_id)
                return state
    except MissionsError as error:
        if not is_last_word(error):
            raise
        return Failed(message=str(error))


async def _outcome(store: Store, home: Path, run_id: str, mission_id: str, *, days: int | None) -> State:
    """How the run ends. What is not its last word is raised: the reconciler starts the run again."""
    try:
        made = await _made(store, home, run_id, mission_id, days=days)
    except MissionsError as error:
        if not is_last_word(error):
            raise
        return Failed(message=str(error))
    return Completed(message=made.headline if made else "No report is due: it was made already, or the Mission is not Active.")


async def _made(store: Store, home: Path, run_id: str, mission_id: str, *, days: int | None) -> MissionReportRecord | None:
    """The report of so many days up to this run's time, without it of the period that is due; None when none is."""
    if known := await store.mission_reports.find(run_id):
        return known
    if days is not None:
        end = present_flow_run().expected_start_time
        assert end is not None, "Prefect plans every run for some time"
        return await make_report(store, home, run_id, mission_id, Period(since=end - timedelta(days=days), until=end))
    async with sole_change(store, mission_id):  # two runs that were late together make one report
        period = await due_report(store, await store.missions.get(mission_id), await store.now())
        return await make_report(store, home, run_id, mission_id, period, is_scheduled=True) if period else None

"""The flow that makes a Mission Report, on its schedule and on demand (R6.2)."""

from datetime import datetime, timedelta
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from blueprint.errors import MissionsError
from flows.opening import open_store
from flows.reporting.making import make_report
from flows.runs.lease import held_lease
from flows.runs.running import present_flow_run
from flows.settings import RunSettings
from reports.period import Period

OPERATION = "report"


@flow(name="report", flow_run_name="report: {mission}", persist_result=False)
async def report(
    mission: str,
    days: Annotated[int, Field(ge=1, le=366)] = 7,
    since: datetime | None = None,
    until: datetime | None = None,
) -> State:
    """Report a period of a Mission: runs, findings, questions, missed fires, cost. It comes as artifact, file and message.

    Args:
        mission: The Mission's id.
        days: How many days up to now are reported, when no period is given.
        since: Beginning of the period; given with its end when the report is made on its schedule.
        until: End of the period.
    """
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the environment fills it
    flow_run = present_flow_run()
    run_id = str(flow_run.id)
    end = until or flow_run.expected_start_time
    assert end is not None, "Prefect plans every run for some time"
    period = Period(since=since or end - timedelta(days=days), until=end)
    try:
        async with open_store() as store:
            mission_id = (await store.missions.find(mission)).id
            async with held_lease(
                store, run_id=run_id, mission_id=mission_id, operation=OPERATION, seconds=settings.lease_seconds
            ):
                made = await make_report(
                    store, settings.home, run_id, mission_id, period, is_scheduled=since is not None and until is not None
                )
            await store.leases.end(run_id)
    except MissionsError as error:
        return Failed(message=str(error))
    return Completed(message=made.headline)

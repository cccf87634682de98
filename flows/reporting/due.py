"""Says which Mission Report is due (R6.2)."""

from datetime import datetime

from blocks.store.store import Store
from blueprint.mission import Mission, MissionState
from blueprint.reporting import due_period
from reports.period import Period


async def due_report(store: Store, mission: Mission, now: datetime) -> Period | None:
    """The period of the report that is due now; None when it was made, was not due yet, or the Mission is not Active.

    However many times have passed, one report is due: over the last period.
    """
    if mission.state is not MissionState.ACTIVE:
        return None
    found = due_period(mission.reports.cron, await _reported_until(store, mission), now, mission.timezone)
    return Period(since=found[0], until=found[1]) if found else None


async def _reported_until(store: Store, mission: Mission) -> datetime:
    """The end of its last report, at first the time at which its plan was first confirmed."""
    reported = await store.mission_reports.reported_until(mission.id)
    confirmed = [version.confirmed_at for version in await store.plans.history(mission.id) if version.confirmed_at]
    return max(reported or mission.created_at, min(confirmed, default=mission.created_at))

"""Changes when a Mission reports by itself: in the store, and in the schedule that Prefect has of it (R6.2)."""

from prefect.client.orchestration import PrefectClient

from blocks.store.store import Store
from blueprint.mission import Mission, MissionState
from blueprint.reporting import ReportTimes
from deployments.apply import apply
from flows.creation.compiling import compiled
from flows.lifecycle.sole_change import sole_change


async def set_report_times(store: Store, client: PrefectClient, mission_id: str, times: ReportTimes) -> Mission:
    """Report at these times from now on; what was laid ahead for others goes. May be repeated after a kill."""
    async with sole_change(store, mission_id):
        mission = await store.missions.set_report_times(mission_id, times)
        if mission.plan_version is not None and mission.state in (MissionState.ACTIVE, MissionState.PAUSED):
            plan = await store.plans.get(mission_id, mission.plan_version)
            is_paused = mission.state is MissionState.PAUSED
            await apply(compiled(mission, plan, mission.plan_version), client, is_paused=is_paused)
        return mission

"""The deployment whose schedule makes a Mission's reports, beside those of its Tasks (R6.2)."""

from collections.abc import Mapping

from pydantic import JsonValue

from blueprint.mission import Mission
from deployments.compiler import deployment_name
from deployments.spec import MISSIONS_TAG, DeploymentSpec, ScheduleSpec, mission_tag

REPORT_FLOW = "report"
REPORT_ENTRYPOINT = "flows.report.report"


def report_deployment(mission: Mission, zone: str, *, parameter_schema: Mapping[str, JsonValue]) -> DeploymentSpec | None:
    """What reports of itself, None for a Mission that never does; `parameter_schema` is that of the flow `report`."""
    if not mission.reports.cron:
        return None
    return DeploymentSpec(
        name=deployment_name(mission.id, "mission_report"),  # no Task's name has an underscore
        flow_name=REPORT_FLOW,
        entrypoint=REPORT_ENTRYPOINT,
        description=f"**Mission Report**\n\nStarts: cron `{mission.reports.cron}` in {zone}.",
        parameters={"mission": mission.id, "is_due": True},
        parameter_schema=parameter_schema,
        tags=(MISSIONS_TAG, mission_tag(mission.id)),
        schedules=(ScheduleSpec(slug="cron", cron=mission.reports.cron, timezone=zone),),
    )

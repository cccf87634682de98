"""A Mission, its states, and the changes between them that are allowed (R3.1)."""

from enum import StrEnum

from pydantic import Field

from blueprint.errors import ForbiddenTransition, InvalidInput
from blueprint.reporting import ReportTimes
from blueprint.values import Moment, Name, TimeZone, Value


class MissionState(StrEnum):
    """Where a Mission stands."""

    DRAFT = "Draft"
    ACTIVE = "Active"
    PAUSED = "Paused"
    DELETED = "Deleted"


_ALLOWED: dict[MissionState, tuple[MissionState, ...]] = {
    MissionState.DRAFT: (MissionState.ACTIVE, MissionState.DELETED),
    MissionState.ACTIVE: (MissionState.PAUSED, MissionState.DELETED),
    MissionState.PAUSED: (MissionState.ACTIVE, MissionState.DELETED),
    MissionState.DELETED: (),
}


class Mission(Value):
    """A long-running operations goal. `plan_version` and `plan_digest` are those of the plan in force, once launched."""

    id: Name
    title: str
    goal: str
    state: MissionState = MissionState.DRAFT
    timezone: TimeZone = "UTC"
    employee: Name = Field(default="default", description="The Digital Employee that works on it.")
    plan_version: int | None = None
    plan_digest: str | None = None
    created_at: Moment
    active_at: Moment = Field(description="Last activity, for sorting.")
    reports: ReportTimes = Field(default=ReportTimes(), description="When its Mission Reports are made.")


def not_running(mission: Mission) -> str:
    """Why nothing of a Mission that is not Active starts, and what is to be done about it (R3.2)."""
    first = _TO_RUN[mission.state].format(id=mission.id)
    return f"Mission {mission.id!r} is {mission.state}; only an Active one runs Tasks. {first}"


_TO_RUN = {
    MissionState.DRAFT: "Put its plan in force first: `missions launch {id}`, or the deployment launch in the console.",
    MissionState.ACTIVE: "",
    MissionState.PAUSED: "Let it go on first: `missions enable {id}`, or the deployment enable in the console.",
    MissionState.DELETED: "It is being deleted, and nothing brings it back.",
}


def check_transition(mission: Mission, wanted: MissionState) -> None:
    """ForbiddenTransition, naming both states, unless `mission` may become `wanted` (R3.1)."""
    allowed = _ALLOWED[mission.state]
    if wanted not in allowed:
        raise ForbiddenTransition(mission.id, mission.state, wanted, allowed)


def check_not_deleted(mission: Mission, nothing_more: str) -> None:
    """InvalidInput while `mission` is being deleted: what is written about it now could outlast it (R3.3)."""
    if mission.state is MissionState.DELETED:
        raise InvalidInput(f"Mission {mission.id!r} is being deleted; there is nothing more to {nothing_more}.")

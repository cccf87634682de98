"""Records of the least that they need; a test says what matters to it."""

from datetime import datetime, timedelta
from typing import Any

from blueprint.records import RunRecord, RunState, StartedBy
from blueprint.standing import StandingRule


def run_record(at: datetime, **fields: Any) -> RunRecord:
    """A run of Task `disk` that a schedule started at `at`, and that went well."""
    known: dict[str, Any] = {"id": "run-1", "mission_id": "m", "task": "disk", "plan_version": 1, "started_by": StartedBy.CRON}
    known |= {"scheduled_for": at, "started_at": at, "state": RunState.SUCCESS}
    return RunRecord.model_validate(known | fields)


def standing_rule(at: datetime, **fields: Any) -> StandingRule:
    """A rule that alice made at `at`, for a week."""
    known: dict[str, Any] = {"id": "r-1", "mission_id": "hosts", "made_by": "command:alice", "made_at": at}
    known |= {"expires_at": at + timedelta(days=7), "uses_a_day": 5}
    return StandingRule.model_validate(known | fields)

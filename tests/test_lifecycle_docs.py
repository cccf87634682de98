"""What docs/lifecycle.md says about refusals is what is said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprint.errors import ForbiddenTransition
from blueprint.mission import Mission, MissionState, check_transition, not_running

TOLD = (Path(__file__).parents[1] / "docs" / "lifecycle.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
REFUSED = [
    (MissionState.DRAFT, MissionState.PAUSED),
    (MissionState.ACTIVE, MissionState.ACTIVE),
    (MissionState.PAUSED, MissionState.PAUSED),
    (MissionState.DELETED, MissionState.PAUSED),
    (MissionState.DELETED, MissionState.ACTIVE),
]


def _mission(state: MissionState) -> Mission:
    return Mission(id="mission", title="A Mission", goal="Look.", state=state, created_at=NOW, active_at=NOW)


@pytest.mark.parametrize(("state", "wanted"), REFUSED)
def test_each_change_that_there_is_not_is_in_the_table(state: MissionState, wanted: MissionState) -> None:
    with pytest.raises(ForbiddenTransition) as refused:
        check_transition(_mission(state), wanted)
    assert f"| {refused.value} |" in TOLD


@pytest.mark.parametrize("state", [MissionState.DRAFT, MissionState.PAUSED, MissionState.DELETED])
def test_each_reason_why_no_task_starts_is_in_the_table(state: MissionState) -> None:
    assert f"| {state} | {not_running(_mission(state))} |" in TOLD

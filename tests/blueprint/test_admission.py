"""The gate: every reason for which a fire does not become a run (R2.8, R3.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blueprint.admission import LATENESS, Fire, Go, Skip, admit
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Strategy, Task, WhenBusy, WhenMissed
from blueprint.records import StartedBy
from blueprint.triggers import Cron, Manual, Once

NOW = datetime(2027, 1, 5, 12, tzinfo=UTC)
DUE = datetime(2027, 1, 5, 2, tzinfo=UTC)


def _plan(**strategy: Any) -> Blueprint:
    task = Task(name="disk", title="Disk", instructions="Look.", trigger=Cron(cron="0 2 * * *"), strategy=Strategy(**strategy))
    hand = task.model_copy(update={"name": "hand", "trigger": Manual()})
    once = task.model_copy(update={"name": "once", "trigger": Once(at=DUE)})
    return Blueprint(title="Host", goal="Look after it.", tasks=(task, hand, once))


def _mission(state: MissionState = MissionState.ACTIVE, version: int | None = 3) -> Mission:
    return Mission(id="m-1", title="Host", goal="Look.", state=state, plan_version=version, created_at=NOW, active_at=NOW)


def _fire(task: str = "disk", by: StartedBy = StartedBy.MANUAL, at: datetime = NOW, running: int = 0) -> Fire:
    return Fire(task=task, started_by=by, scheduled_for=at, running=running)


def test_a_run_by_hand_of_an_active_mission_goes_with_the_plan_in_force() -> None:
    assert admit(_fire(), _mission(), _plan(), NOW) == Go(task=_plan().tasks[0], plan_version=3)


@pytest.mark.parametrize("by", list(StartedBy))
@pytest.mark.parametrize("state", [MissionState.DRAFT, MissionState.PAUSED, MissionState.DELETED])
def test_nothing_starts_while_the_mission_is_not_active(state: MissionState, by: StartedBy) -> None:
    decision = admit(_fire(by=by), _mission(state), _plan(), NOW)
    assert decision == Skip(reason=f"Mission 'm-1' is {state}; only an Active one runs Tasks.")


@pytest.mark.parametrize(("task", "version", "plan"), [("gone", 3, _plan()), ("disk", None, _plan()), ("disk", 3, None)])
def test_a_task_that_is_not_in_the_plan_in_force_does_not_run(task: str, version: int | None, plan: Blueprint | None) -> None:
    decision = admit(_fire(task), _mission(version=version), plan, NOW)
    assert decision == Skip(reason=f"Task {task!r} is not in the plan in force (version {version}).")


LATE = [
    (StartedBy.CRON, "disk", LATENESS, False),
    (StartedBy.CRON, "disk", LATENESS + timedelta(seconds=1), True),
    (StartedBy.CRON, "disk", timedelta(hours=10), True),
    (StartedBy.ONCE, "once", timedelta(hours=10), True),
    (StartedBy.CRON, "disk", -timedelta(minutes=1), False),
    (StartedBy.MANUAL, "disk", timedelta(hours=10), False),
    (StartedBy.EVENT, "disk", timedelta(hours=10), False),
    (StartedBy.DEPENDENCY, "disk", timedelta(hours=10), False),
]


@pytest.mark.parametrize(("by", "task", "late", "is_missed"), LATE)
def test_a_fire_on_a_timer_counts_as_missed_after_five_minutes(
    by: StartedBy, task: str, late: timedelta, is_missed: bool
) -> None:
    decision = admit(_fire(task, by, NOW - late), _mission(), _plan(), NOW)
    assert isinstance(decision, Skip) is is_missed


def test_the_reason_of_a_missed_fire_names_when_it_was_due_and_how_late_it_came() -> None:
    decision = admit(_fire(by=StartedBy.CRON, at=DUE), _mission(), _plan(), NOW)
    assert decision == Skip(reason="Was due at 2027-01-05T02:00+00:00, came 600 min late, and the Task skips what it missed.")


def test_of_several_missed_fires_only_the_latest_is_made_up_for() -> None:
    plan = _plan(when_missed=WhenMissed.RUN_LATEST)
    decisions = [admit(_fire(by=StartedBy.CRON, at=DUE - timedelta(days=days)), _mission(), plan, NOW) for days in range(4)]
    assert [isinstance(decision, Go) for decision in decisions] == [True, False, False, False]
    assert decisions[1] == Skip(reason="Was due at 2027-01-04T02:00+00:00; only the latest missed fire is made up for.")


def test_a_missed_once_is_made_up_for_where_the_task_says_so() -> None:
    plan = _plan(when_missed=WhenMissed.RUN_LATEST)
    assert isinstance(admit(_fire("once", StartedBy.ONCE, DUE), _mission(), plan, NOW), Go)


BUSY = [
    (0, 1, WhenBusy.SKIP, True),
    (1, 1, WhenBusy.SKIP, False),
    (1, 2, WhenBusy.SKIP, True),
    (2, 2, WhenBusy.SKIP, False),
    (5, 1, WhenBusy.QUEUE, True),
    (5, 1, WhenBusy.CANCEL_OLDER, True),
]


@pytest.mark.parametrize(("running", "allowed", "when_busy", "goes"), BUSY)
def test_a_busy_task_skips_where_it_says_so(running: int, allowed: int, when_busy: WhenBusy, goes: bool) -> None:
    decision = admit(_fire(running=running), _mission(), _plan(concurrency=allowed, when_busy=when_busy), NOW)
    assert isinstance(decision, Go) is goes
    if isinstance(decision, Skip):
        assert decision.reason == f"Task 'disk' is busy: {running} of {allowed} runs at work."

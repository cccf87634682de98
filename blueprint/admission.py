"""The gate: may this fire become a run now? (R2.8, R3.2)"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Task, WhenBusy, WhenMissed
from blueprint.records import StartedBy
from blueprint.triggers import next_fires

LATENESS = timedelta(minutes=5)
"""A fire on a timer that starts later than this counts as missed."""


@dataclass(frozen=True, kw_only=True)
class Fire:
    """Something that wants to start a run of a Task."""

    task: str
    started_by: StartedBy
    scheduled_for: datetime
    running: int = 0
    """Runs of the same Task at work or waiting right now, this one not counted."""


@dataclass(frozen=True, kw_only=True)
class Go:
    """The run may start, with this Task of the plan in force."""

    task: Task
    plan_version: int


@dataclass(frozen=True, kw_only=True)
class Skip:
    """The run must not start; `reason` is a sentence for the record and the console."""

    reason: str


def admit(fire: Fire, mission: Mission, plan: Blueprint | None, now: datetime) -> Go | Skip:
    """Decide about one fire from the Mission's state, the plan in force, lateness and other runs of the Task."""
    if mission.state is not MissionState.ACTIVE:
        return Skip(reason=f"Mission {mission.id!r} is {mission.state}; only an Active one runs Tasks.")
    task = plan.task(fire.task) if plan else None
    if task is None or mission.plan_version is None:
        return Skip(reason=f"Task {fire.task!r} is not in the plan in force (version {mission.plan_version}).")
    if reason := _missed(fire, task, mission, now):
        return Skip(reason=reason)
    if fire.running >= task.strategy.concurrency and task.strategy.when_busy is WhenBusy.SKIP:
        return Skip(reason=f"Task {task.name!r} is busy: {fire.running} of {task.strategy.concurrency} runs at work.")
    return Go(task=task, plan_version=mission.plan_version)


def _missed(fire: Fire, task: Task, mission: Mission, now: datetime) -> str:
    late = now - fire.scheduled_for
    if fire.started_by not in (StartedBy.CRON, StartedBy.ONCE) or late <= LATENESS:
        return ""
    due = fire.scheduled_for.isoformat(timespec="minutes")
    if task.strategy.when_missed is WhenMissed.SKIP:
        return f"Was due at {due}, came {_minutes(late)} late, and the Task skips what it missed."
    newer = next_fires(task.trigger, fire.scheduled_for, mission.timezone, count=1)
    if newer and newer[0] <= now:
        return f"Was due at {due}; only the latest missed fire is made up for."
    return ""


def _minutes(late: timedelta) -> str:
    return f"{late.total_seconds() / 60:.0f} min"

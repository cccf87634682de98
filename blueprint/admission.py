"""The gate: may this fire become a run now? (R2.5, R2.6, R2.8, R3.2)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blueprint.mission import Mission, MissionState, not_running
from blueprint.occasion import EventGiven
from blueprint.plan import Blueprint, Task, WhenBusy, WhenMissed
from blueprint.records import Refusal, StartedBy
from blueprint.rounds import Round
from blueprint.triggers import Cron, Event, Once, latest_fire, next_fires

LATENESS = timedelta(minutes=5)
"""A fire on a timer that starts later than this counts as missed."""

SKEW = timedelta(minutes=1)
"""So much the clocks of Prefect's and the store's machines may differ: less than the time between two fires."""

_INSTANT = timedelta(seconds=1)
_ON_TIMER = (StartedBy.CRON, StartedBy.ONCE)


@dataclass(frozen=True, kw_only=True)
class EarlierFire:
    """A fire of the same Task that was let through before, into a run or into the queue."""

    run_id: str
    started_by: StartedBy
    at: datetime
    event: EventGiven | None = None
    round: str = ""
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Fire:
    """Something that wants to start a run of a Task."""

    task: str
    started_by: StartedBy
    scheduled_for: datetime
    event: EventGiven | None = None
    round: str = ""
    """Id of the round of upstream runs that it says it comes from."""
    upstream: Round | None = None
    """That round; None when there is none of that id."""
    recent: Sequence[EarlierFire] = ()
    """What was let through since `looks_back`, and all that is not over."""
    running: int = 0
    """Runs of the same Task at work or waiting right now, this one not counted."""
    ahead: int = 0
    """Fires of the Task in the queue before this one."""
    is_queued: bool = False
    """It has been let into the queue: what matters only on arrival is not asked again."""


@dataclass(frozen=True, kw_only=True)
class Go:
    """The run may start, with this Task of the plan in force."""

    task: Task
    plan_version: int


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The fire keeps its turn and starts later; `reason` says what it waits for."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Skip:
    """The run must not start; `reason` is a sentence for the record and the console."""

    refusal: Refusal
    reason: str


SENTENCES = {
    Refusal.NOT_ACTIVE: "{why}",
    Refusal.NOT_IN_PLAN: "{what} is not in the plan in force (version {version}).",
    Refusal.MISSED: "Was due at {due}, came {minutes} min late, and the Task skips what it missed.",
    Refusal.SUPERSEDED: "Was due at {due}; only the latest missed fire is made up for, and {other}.",
    Refusal.DUPLICATE: "{what} has started run {other} already.",
    Refusal.COOL_DOWN: "Came {seconds:.0f} s after run {other}, within the cool-down of {cooldown} s.",
    Refusal.BUSY: "Task {task!r} is busy: {running} of {allowed} runs at work.",
    Refusal.REPLACED: "Run {other} of Task {task!r} came later and takes its place.",
    Refusal.UPSTREAM: "Task {task!r} runs after {after}: {what}.",
    Refusal.NEVER_CAME: "{what} never came: Prefect was down for long, or the Mission was paused.",
    Refusal.GONE: "Prefect's run was {what} while it waited for its turn.",
}
"""Every reason for which a fire does not become a run, as people read it."""


def skip(refusal: Refusal, **words: object) -> Skip:
    """The refusal with its sentence."""
    return Skip(refusal=refusal, reason=SENTENCES[refusal].format(**words))


def admit(fire: Fire, mission: Mission, plan: Blueprint | None, now: datetime) -> Go | Queue | Skip:
    """Decide about one fire: Mission, plan, round, repetition, lateness, cool-down, and at last other runs of the Task."""
    if mission.state is not MissionState.ACTIVE:
        return skip(Refusal.NOT_ACTIVE, why=not_running(mission))
    task = plan.task(fire.task) if plan else None
    if plan is None or task is None or mission.plan_version is None:
        return skip(Refusal.NOT_IN_PLAN, what=f"Task {fire.task!r}", version=mission.plan_version)
    where = plan.timezone or mission.timezone
    refused = _unplanned(fire, task, mission.plan_version, where)
    if fire.round:
        refused = refused or without_round(task, fire.round, fire.upstream)
    if not fire.is_queued:
        refused = refused or _repeated(fire) or _missed(fire, task, where, now) or _cooling(fire, task, now)
    return refused or _in_turn(fire, task, mission.plan_version)


def without_round(task: Task, round_id: str, upstream: Round | None) -> Skip | None:
    """Why the round of this id, None when there is none, does not start the Task; None when it does (R2.6)."""
    if upstream is None or set(upstream.tasks) != set(task.after):
        why = f"there is no round {round_id!r} of them in the plan in force"
    elif upstream.failed:
        why = ", ".join(end.said for end in upstream.failed)
    else:
        return None
    return skip(Refusal.UPSTREAM, task=task.name, after=" and ".join(task.after) or "no other", what=why)


def looks_back(task: Task, where: str, now: datetime) -> datetime:
    """How far back the gate has to know what was let through: to the time that may be made up for, over the cool-down."""
    makes_up = task.strategy.when_missed is WhenMissed.RUN_LATEST
    latest = latest_fire(task.trigger, now, where) if makes_up else None
    cooldown = task.trigger.cooldown_seconds if isinstance(task.trigger, Event) else 0
    return min((latest or now) - SKEW, now - timedelta(seconds=cooldown))


def _unplanned(fire: Fire, task: Task, version: int, where: str) -> Skip | None:
    """A timer that the plan in force does not have: of an older plan, or set by hand in the console."""
    if fire.started_by not in _ON_TIMER or fire.is_queued:
        return None
    expected = next_fires(task.trigger, fire.scheduled_for - _INSTANT, where, count=1) if not task.after else ()
    is_timer = isinstance(task.trigger, Cron if fire.started_by is StartedBy.CRON else Once)
    if is_timer and expected and abs(expected[0] - fire.scheduled_for) < _INSTANT:
        return None
    what = f"A start of Task {task.name!r} by {fire.started_by} at {_moment(fire.scheduled_for)}"
    return skip(Refusal.NOT_IN_PLAN, what=what, version=version)


def _repeated(fire: Fire) -> Skip | None:
    for earlier in fire.recent:
        if fire.round and earlier.round == fire.round:
            return skip(Refusal.DUPLICATE, what=f"Round {fire.round!r}", other=earlier.run_id)
        if fire.event and earlier.event and earlier.event.id == fire.event.id:
            return skip(Refusal.DUPLICATE, what=f"Event {fire.event.id!r}", other=earlier.run_id)
    return None


def _missed(fire: Fire, task: Task, where: str, now: datetime) -> Skip | None:
    """Of all times that have passed at most one becomes a run: never a flood (R2.8)."""
    if fire.started_by not in _ON_TIMER:
        return None
    late = now - fire.scheduled_for
    makes_up = task.strategy.when_missed is WhenMissed.RUN_LATEST
    if late > LATENESS and not makes_up:
        return skip(Refusal.MISSED, due=_moment(fire.scheduled_for), minutes=f"{late.total_seconds() / 60:.0f}")
    latest = latest_fire(task.trigger, max(now, fire.scheduled_for), where)
    if fire.started_by is StartedBy.ONCE or latest is None:
        return None
    if makes_up:
        made_up = [one.run_id for one in fire.recent if one.started_by is StartedBy.CRON and one.at >= latest - SKEW]
        return skip(Refusal.SUPERSEDED, due=_moment(fire.scheduled_for), other=f"run {made_up[0]} did so") if made_up else None
    if latest > fire.scheduled_for:
        return skip(Refusal.SUPERSEDED, due=_moment(fire.scheduled_for), other=f"one was due at {_moment(latest)}")
    return None


def _cooling(fire: Fire, task: Task, now: datetime) -> Skip | None:
    """An event of the same kind as one that was let through: while that one's run lasts, and over the cool-down."""
    if fire.started_by is not StartedBy.EVENT or not isinstance(task.trigger, Event):
        return None
    cooldown, key = task.trigger.cooldown_seconds, _key(fire.event, task.trigger)
    for earlier in fire.recent:
        if earlier.started_by is not StartedBy.EVENT or _key(earlier.event, task.trigger) != key:
            continue
        since = (now - earlier.at).total_seconds()
        if since < cooldown:
            return skip(Refusal.COOL_DOWN, seconds=since, other=earlier.run_id, cooldown=cooldown)
        if task.trigger.deduplicate_by and not earlier.is_over:
            labels = ", ".join(f"{label} {value!r}" for label, value in zip(task.trigger.deduplicate_by, key, strict=True))
            return skip(Refusal.DUPLICATE, what=f"An event with {labels}", other=f"{earlier.run_id}, which is not over,")
    return None


def _key(event: EventGiven | None, trigger: Event) -> tuple[str, ...]:
    """What makes two events the same one; nothing where the rule does not say, so that all are."""
    return tuple(event.labels.get(label, "") if event else "" for label in trigger.deduplicate_by)


def _in_turn(fire: Fire, task: Task, version: int) -> Go | Queue | Skip:
    allowed = task.strategy.concurrency
    if fire.running + fire.ahead < allowed:
        return Go(task=task, plan_version=version)
    busy = skip(Refusal.BUSY, task=task.name, running=fire.running, allowed=allowed)
    match task.strategy.when_busy:
        case WhenBusy.SKIP:
            return busy
        case WhenBusy.QUEUE:
            return Queue(reason=f"{busy.reason} It waits for its turn, {fire.ahead} before it.")
        case WhenBusy.CANCEL_OLDER:
            return Queue(reason=f"{busy.reason} It starts as soon as the older one is cancelled.")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

"""The gate: every reason for which a fire does not become a run (R2.5, R2.6, R2.8, R3.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.server.schemas.schedules import CronSchedule

from blueprint.admission import LATENESS, SENTENCES, SKEW, EarlierFire, Fire, Go, Queue, Skip, admit, looks_back
from blueprint.mission import Mission, MissionState, not_running
from blueprint.occasion import EventGiven
from blueprint.plan import Blueprint, Strategy, Task, WhenBusy, WhenMissed
from blueprint.records import Refusal, RunState, StartedBy
from blueprint.rounds import Round, UpstreamEnd
from blueprint.triggers import Cron, Event, Manual, Once

NOW = datetime(2027, 1, 5, 12, tzinfo=UTC)
DUE = datetime(2027, 1, 5, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATEST = Strategy(when_missed=WhenMissed.RUN_LATEST)


def _plan(strategy: Strategy | None = None, event: Event | None = None, cron: str = "0 2 * * *") -> Blueprint:
    disk = Task(name="disk", title="Disk", instructions="Look.", trigger=Cron(cron=cron), strategy=strategy or Strategy())
    hand = disk.model_copy(update={"name": "hand", "trigger": Manual()})
    once = disk.model_copy(update={"name": "once", "trigger": Once(at=DUE)})
    alert = disk.model_copy(update={"name": "alert", "trigger": event or Event(event="alertmanager.firing")})
    after = disk.model_copy(update={"name": "after", "trigger": Manual(), "after": ("disk", "hand")})
    return Blueprint(title="Host", goal="Look after it.", tasks=(disk, hand, once, alert, after))


def _mission(state: MissionState = MissionState.ACTIVE, version: int | None = 3) -> Mission:
    return Mission(id="m-1", title="Host", goal="Look.", state=state, plan_version=version, created_at=NOW, active_at=NOW)


def _fire(task: str = "disk", by: StartedBy = StartedBy.MANUAL, at: datetime = NOW, **others: Any) -> Fire:
    return Fire(task=task, started_by=by, scheduled_for=at, **others)


def _admit(fire: Fire, plan: Blueprint | None = None, now: datetime = NOW) -> Go | Queue | Skip:
    return admit(fire, _mission(), plan or _plan(), now)


def _why(decision: Go | Queue | Skip) -> Refusal | None:
    return decision.refusal if isinstance(decision, Skip) else None


def test_every_refusal_has_its_sentence() -> None:
    assert SENTENCES.keys() == set(Refusal)


def test_a_run_by_hand_of_an_active_mission_goes_with_the_plan_in_force() -> None:
    assert _admit(_fire()) == Go(task=_plan().tasks[0], plan_version=3)


@pytest.mark.parametrize("by", list(StartedBy))
@pytest.mark.parametrize("state", [MissionState.DRAFT, MissionState.PAUSED, MissionState.DELETED])
def test_nothing_starts_while_the_mission_is_not_active(state: MissionState, by: StartedBy) -> None:
    decision = admit(_fire(by=by), _mission(state), _plan(), NOW)
    assert decision == Skip(refusal=Refusal.NOT_ACTIVE, reason=not_running(_mission(state)))
    assert not_running(_mission(state)).startswith(f"Mission 'm-1' is {state}; only an Active one runs Tasks. ")


@pytest.mark.parametrize(("task", "version", "plan"), [("gone", 3, _plan()), ("disk", None, _plan()), ("disk", 3, None)])
def test_a_task_that_is_not_in_the_plan_in_force_does_not_run(task: str, version: int | None, plan: Blueprint | None) -> None:
    decision = admit(_fire(task), _mission(version=version), plan, NOW)
    reason = f"Task {task!r} is not in the plan in force (version {version})."
    assert decision == Skip(refusal=Refusal.NOT_IN_PLAN, reason=reason)


UNPLANNED = [
    ("disk", StartedBy.CRON, DUE + timedelta(minutes=1)),
    ("hand", StartedBy.CRON, DUE),
    ("after", StartedBy.CRON, DUE),
    ("once", StartedBy.CRON, DUE),
    ("disk", StartedBy.ONCE, DUE),
    ("once", StartedBy.ONCE, DUE - timedelta(days=1)),
    ("once", StartedBy.ONCE, DUE + timedelta(days=1)),
]


@pytest.mark.parametrize(("task", "by", "at"), UNPLANNED)
def test_a_timer_that_the_plan_in_force_does_not_have_starts_nothing(task: str, by: StartedBy, at: datetime) -> None:
    decision = _admit(_fire(task, by, at), now=at)
    shown = f"{at:%Y-%m-%d %H:%M} UTC"
    reason = f"A start of Task {task!r} by {by} at {shown} is not in the plan in force (version 3)."
    assert decision == Skip(refusal=Refusal.NOT_IN_PLAN, reason=reason)


def test_the_plans_own_zone_is_that_of_its_timers() -> None:
    plan = _plan().model_copy(update={"timezone": "Asia/Tokyo"})
    two_in_tokyo = datetime(2027, 1, 4, 17, tzinfo=UTC)
    assert isinstance(_admit(_fire(by=StartedBy.CRON, at=two_in_tokyo), plan, two_in_tokyo), Go)
    assert _why(_admit(_fire(by=StartedBy.CRON, at=DUE), plan, DUE)) is Refusal.NOT_IN_PLAN


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("cron", ["30 1 * * *", "30 2 * * *", "*/15 * * * *", "0 9 * * 1-5"])
async def test_every_time_that_prefect_lays_is_one_of_the_plan_over_changes_of_summer_time_too(cron: str, name: str) -> None:
    plan = _plan(cron=cron).model_copy(update={"timezone": name})
    for day in (datetime(2027, 3, 14), datetime(2027, 3, 28), datetime(2027, 10, 31), datetime(2027, 11, 7)):  # noqa: DTZ001
        for hours in range(-3, 10):
            start = day.replace(tzinfo=UTC) + hours * HOUR
            [laid] = await CronSchedule(cron=cron, timezone=name).get_dates(1, start=start)
            at = datetime.fromisoformat(laid.isoformat()).astimezone(UTC)
            assert isinstance(_admit(_fire(by=StartedBy.CRON, at=at), plan, at), Go), at


LATE = [
    (StartedBy.CRON, "disk", LATENESS, None),
    (StartedBy.CRON, "disk", LATENESS + timedelta(seconds=1), Refusal.MISSED),
    (StartedBy.CRON, "disk", timedelta(hours=10), Refusal.MISSED),
    (StartedBy.ONCE, "once", timedelta(minutes=1), None),
    (StartedBy.ONCE, "once", timedelta(hours=10), Refusal.MISSED),
    (StartedBy.CRON, "disk", -timedelta(minutes=1), None),
    (StartedBy.MANUAL, "disk", timedelta(hours=10), None),
    (StartedBy.EVENT, "disk", timedelta(hours=10), None),
]


@pytest.mark.parametrize(("by", "task", "late", "why"), LATE)
def test_a_fire_on_a_timer_counts_as_missed_after_five_minutes(
    by: StartedBy, task: str, late: timedelta, why: Refusal | None
) -> None:
    assert _why(_admit(_fire(task, by, DUE), now=DUE + late)) is why


def test_the_reason_of_a_missed_fire_names_when_it_was_due_and_how_late_it_came() -> None:
    decision = _admit(_fire(by=StartedBy.CRON, at=DUE))
    reason = "Was due at 2027-01-05 02:00 UTC, came 600 min late, and the Task skips what it missed."
    assert decision == Skip(refusal=Refusal.MISSED, reason=reason)


def test_a_fire_that_is_hardly_late_does_not_start_beside_a_newer_one() -> None:
    decision = _admit(_fire(by=StartedBy.CRON, at=NOW - timedelta(minutes=5)), _plan(cron="*/5 * * * *"))
    said = "only the latest missed fire is made up for, and one was due at 2027-01-05 12:00 UTC."
    reason = f"Was due at 2027-01-05 11:55 UTC; {said}"
    assert decision == Skip(refusal=Refusal.SUPERSEDED, reason=reason)


def test_the_first_late_fire_to_come_makes_up_for_the_latest_and_the_others_do_not() -> None:
    plan, days = _plan(LATEST), [1, 3, 0, 2]
    came = [_fire(by=StartedBy.CRON, at=DUE - timedelta(days=day)) for day in days]
    made_up = EarlierFire(run_id="r-1", started_by=StartedBy.CRON, at=NOW)
    decisions = [
        _admit(came[0], plan),
        *[_admit(_fire(by=one.started_by, at=one.scheduled_for, recent=[made_up]), plan) for one in came[1:]],
    ]
    assert [_why(decision) for decision in decisions] == [None, *[Refusal.SUPERSEDED] * 3]
    assert decisions[1] == Skip(
        refusal=Refusal.SUPERSEDED,
        reason="Was due at 2027-01-02 02:00 UTC; only the latest missed fire is made up for, and run r-1 did so.",
    )


def test_what_ran_before_the_latest_time_makes_up_for_nothing() -> None:
    before = EarlierFire(run_id="r-1", started_by=StartedBy.CRON, at=DUE - timedelta(minutes=2))
    by_hand = EarlierFire(run_id="r-2", started_by=StartedBy.MANUAL, at=NOW)
    assert isinstance(_admit(_fire(by=StartedBy.CRON, at=DUE, recent=[before, by_hand]), _plan(LATEST)), Go)


def test_a_clock_that_differs_a_little_makes_no_fire_late_and_none_run_twice() -> None:
    early, before = timedelta(seconds=-20), EarlierFire(run_id="r-1", started_by=StartedBy.CRON, at=DUE - timedelta(days=1))
    assert isinstance(_admit(_fire(by=StartedBy.CRON, at=DUE, recent=[before]), _plan(LATEST), DUE + early), Go)
    on_time = EarlierFire(run_id="r-2", started_by=StartedBy.CRON, at=DUE + early)
    late = _fire(by=StartedBy.CRON, at=DUE - timedelta(days=1), recent=[on_time])
    assert _why(_admit(late, _plan(LATEST))) is Refusal.SUPERSEDED


def test_a_missed_once_is_made_up_for_where_the_task_says_so() -> None:
    assert isinstance(_admit(_fire("once", StartedBy.ONCE, DUE), _plan(LATEST)), Go)


def _event(number: int = 1, **labels: str) -> EventGiven:
    return EventGiven(id=f"e-{number}", name="alertmanager.firing", labels=labels)


def _alert(event: EventGiven | None, *recent: EarlierFire) -> Fire:
    return _fire("alert", StartedBy.EVENT, event=event, recent=recent)


def _earlier(event: EventGiven | None, seconds: float = 60, *, is_over: bool = True) -> EarlierFire:
    at = NOW - timedelta(seconds=seconds)
    return EarlierFire(run_id="r-1", started_by=StartedBy.EVENT, at=at, event=event, is_over=is_over)


def test_the_same_event_starts_one_run_however_late_it_comes_again() -> None:
    decision = _admit(_alert(_event(1), _earlier(_event(1), 1_000_000)))
    assert decision == Skip(refusal=Refusal.DUPLICATE, reason="Event 'e-1' has started run r-1 already.")
    assert isinstance(_admit(_alert(_event(2), _earlier(_event(1)))), Go)


COOL = Event(event="alertmanager.firing", cooldown_seconds=600)
BY_HOST = Event(event="alertmanager.firing", cooldown_seconds=600, deduplicate_by=("host",))
COOLING = [
    (COOL, _event(2, host="b"), 599, True, Refusal.COOL_DOWN),
    (COOL, _event(2, host="b"), 600, False, None),
    (COOL, None, 599, True, Refusal.COOL_DOWN),
    (BY_HOST, _event(2, host="a"), 599, True, Refusal.COOL_DOWN),
    (BY_HOST, _event(2, host="b"), 599, False, None),
    (BY_HOST, _event(2), 599, False, None),
    (BY_HOST, _event(2, host="a"), 600, True, None),
    (BY_HOST, _event(2, host="a"), 600, False, Refusal.DUPLICATE),
]


@pytest.mark.parametrize(("rule", "event", "seconds", "is_over", "why"), COOLING)
def test_an_event_of_the_same_kind_waits_for_the_cool_down_and_for_the_run_it_has(
    rule: Event, event: EventGiven | None, seconds: float, is_over: bool, why: Refusal | None
) -> None:
    earlier = _earlier(_event(1, host="a"), seconds, is_over=is_over)
    assert _why(_admit(_alert(event, earlier), _plan(event=rule, strategy=Strategy(concurrency=9)))) is why


def test_the_reason_of_a_suppressed_event_names_the_run_and_the_time() -> None:
    earlier = _earlier(_event(1, host="a"), 61.4)
    decision = _admit(_alert(_event(2, host="a"), earlier), _plan(event=BY_HOST))
    assert decision == Skip(refusal=Refusal.COOL_DOWN, reason="Came 61 s after run r-1, within the cool-down of 600 s.")
    decision = _admit(_alert(_event(2, host="a"), _earlier(_event(1, host="a"), 900, is_over=False)), _plan(event=BY_HOST))
    reason = "An event with host 'a' has started run r-1, which is not over, already."
    assert decision == Skip(refusal=Refusal.DUPLICATE, reason=reason)


def test_a_run_by_hand_knows_no_cool_down() -> None:
    assert isinstance(_admit(_fire("alert", recent=[_earlier(_event(1))]), _plan(event=COOL)), Go)


def _end(task: str, state: RunState = RunState.SUCCESS) -> UpstreamEnd:
    return UpstreamEnd(place=1, run_id=f"{task}-1", task=task, state=state, started_by=StartedBy.CRON)


def _dependent(upstream: Round | None, recent: tuple[EarlierFire, ...] = ()) -> Fire:
    return _fire("after", StartedBy.DEPENDENCY, round="0123", upstream=upstream, recent=recent)


def test_a_round_starts_a_run_once_and_only_when_all_of_it_succeeded() -> None:
    good = Round(ends=(_end("disk"), _end("hand")))
    began = EarlierFire(run_id="r-1", started_by=StartedBy.DEPENDENCY, at=NOW, round="0123", is_over=True)
    failed = Round(ends=(_end("disk"), _end("hand", RunState.FAILED)))
    other = Round(ends=(_end("disk"),))
    assert isinstance(_admit(_dependent(good)), Go)
    assert _admit(_dependent(good, (began,))) == Skip(
        refusal=Refusal.DUPLICATE, reason="Round '0123' has started run r-1 already."
    )
    reason = "Task 'after' runs after disk and hand: run hand-1 of 'hand' ended with Failed."
    assert _admit(_dependent(failed)) == Skip(refusal=Refusal.UPSTREAM, reason=reason)
    assert _why(_admit(_dependent(other))) is Refusal.UPSTREAM
    reason = "Task 'after' runs after disk and hand: there is no round '0123' of them in the plan in force."
    assert _admit(_dependent(None)) == Skip(refusal=Refusal.UPSTREAM, reason=reason)


BUSY = [
    (0, 0, 1, WhenBusy.SKIP, Go),
    (1, 0, 1, WhenBusy.SKIP, Skip),
    (1, 0, 2, WhenBusy.SKIP, Go),
    (2, 0, 2, WhenBusy.SKIP, Skip),
    (0, 0, 1, WhenBusy.QUEUE, Go),
    (1, 0, 1, WhenBusy.QUEUE, Queue),
    (0, 1, 1, WhenBusy.QUEUE, Queue),
    (1, 1, 3, WhenBusy.QUEUE, Go),
    (1, 0, 1, WhenBusy.CANCEL_OLDER, Queue),
    (0, 0, 1, WhenBusy.CANCEL_OLDER, Go),
]


@pytest.mark.parametrize(("running", "ahead", "allowed", "when_busy", "kind"), BUSY)
def test_a_busy_task_skips_queues_or_makes_room_as_it_says(
    running: int, ahead: int, allowed: int, when_busy: WhenBusy, kind: type
) -> None:
    plan = _plan(Strategy(concurrency=allowed, when_busy=when_busy))
    decision = _admit(_fire(running=running, ahead=ahead), plan)
    assert isinstance(decision, kind)
    if isinstance(decision, Skip):
        assert decision.reason == f"Task 'disk' is busy: {running} of {allowed} runs at work."


def test_a_fire_whose_turn_comes_late_is_neither_missed_nor_its_own_duplicate() -> None:
    plan = _plan(Strategy(when_busy=WhenBusy.QUEUE))
    assert isinstance(_admit(_fire(by=StartedBy.CRON, at=DUE, is_queued=True), plan), Go)
    assert isinstance(_admit(_fire("alert", StartedBy.EVENT, event=_event(1), recent=[_earlier(_event(1))], is_queued=True)), Go)
    paused = admit(_fire(is_queued=True), _mission(MissionState.PAUSED), plan, NOW)
    assert _why(paused) is Refusal.NOT_ACTIVE


def test_the_gate_looks_back_to_the_time_that_may_be_made_up_for_and_over_the_cool_down() -> None:
    disk, hand, _, alert, _ = _plan(event=COOL).tasks
    assert looks_back(disk, "UTC", NOW) == looks_back(hand, "UTC", NOW) == NOW - SKEW
    assert looks_back(_plan(LATEST).tasks[0], "UTC", NOW) == DUE - SKEW
    assert looks_back(alert, "UTC", NOW) == NOW - timedelta(seconds=600)

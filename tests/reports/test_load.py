"""What a plan will use in a month, and which of its Tasks will meet."""

from datetime import UTC, datetime, timedelta

from blueprint.plan import Blueprint, Strategy, Task, WhenBusy
from blueprint.records import RunRecord, RunState
from blueprint.stream import Usage
from blueprint.triggers import Cron, Event, Manual, Trigger
from reports.load import Experience, Prices, experience, overlaps, runs_a_day, task_loads
from reports.outlook import outlook_of
from reports.schedule import forecast
from tests.fakes.records import run_record

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def _task(name: str, trigger: Trigger | str = "0 2 * * *", **fields: object) -> Task:
    cron = Cron(cron=trigger, timezone="UTC") if isinstance(trigger, str) else trigger
    return Task.model_validate({"name": name, "title": name, "instructions": "Look.", "trigger": cron} | fields)


def _plan(*tasks: Task) -> Blueprint:
    return Blueprint(title="T", goal="G", timezone="UTC", tasks=tasks)


def _forecasts(plan: Blueprint):
    return {task.name: forecast(task, plan, "UTC", NOW) for task in plan.tasks}


def _lasting(**seconds: float) -> dict[str, Experience]:
    return {name: Experience(runs=2, input_tokens=900, output_tokens=100, seconds=each) for name, each in seconds.items()}


def _run(tokens: int, seconds: float, *, is_over: bool = True) -> RunRecord:
    usage = Usage(input_tokens=tokens, output_tokens=10 if tokens else 0)
    if is_over:
        return run_record(NOW, ended_at=NOW, running_seconds=seconds, usage=usage)
    return run_record(NOW, state=RunState.RUNNING, running_seconds=seconds, usage=usage)


def test_experience_is_the_average_of_runs_that_are_over_and_asked_the_model() -> None:
    runs = [_run(100, 60), _run(300, 120), _run(9_000, 9_000, is_over=False), _run(0, 0)]
    assert experience(runs) == Experience(runs=2, input_tokens=200, output_tokens=10, seconds=90)
    assert experience([_run(0, 0)]) is None


def test_a_task_that_follows_others_runs_as_often_as_the_rarest_of_them() -> None:
    hourly, daily, weekly = _task("h", "0 * * * *"), _task("d"), _task("w", "0 2 * * 1")
    after = _task("after", Manual(), after=("h", "d"))
    last = _task("last", Manual(), after=("after", "w"))
    on_event = _task("e", Event(event="x"))
    unknown = _task("unknown", Manual(), after=("d", "e"))
    plan = _plan(last, hourly, daily, weekly, after, on_event, unknown)
    assert runs_a_day(plan, _forecasts(plan)) == {
        "h": 24,
        "d": 1,
        "w": 1 / 7,
        "after": 1,
        "last": 1 / 7,
        "e": None,
        "unknown": None,
    }


def test_a_circle_has_no_rate_and_does_not_go_on_for_ever() -> None:
    plan = _plan(_task("a", Manual(), after=("b",)), _task("b", Manual(), after=("a",)))
    assert runs_a_day(plan, _forecasts(plan)) == {"a": None, "b": None}


def test_two_hundred_tasks_that_all_follow_each_other_are_forecast_at_once() -> None:
    tasks = [_task("t0")] + [
        _task(f"t{n}", Manual(), after=tuple(f"t{m}" for m in range(max(0, n - 3), n))) for n in range(1, 200)
    ]
    plan = _plan(*tasks)
    assert set(runs_a_day(plan, _forecasts(plan)).values()) == {1}


def test_a_month_costs_what_past_runs_used_and_else_what_the_budget_allows_at_most() -> None:
    plan = _plan(_task("known"), _task("new", strategy=Strategy(token_budget=1_000)), _task("asked", Manual()))
    prices = Prices(million_input=2, million_output=10)
    loads = task_loads(plan, runs_a_day(plan, _forecasts(plan)), _lasting(known=60), prices)
    assert [(load.task, load.tokens, round(load.cost, 4), load.is_bound) for load in loads] == [
        ("known", 30_000, 0.084, False),
        ("new", 30_000, 0.3, True),
        ("asked", 0, 0, True),
    ]


def test_tasks_that_meet_are_counted_with_how_long_their_runs_last() -> None:
    plan = _plan(_task("long", "0 2 * * *"), _task("short", "30 2 * * *"), _task("often", "*/15 * * * *"))
    found = overlaps(plan, _forecasts(plan), _lasting(long=3_600, short=60, often=60))
    assert {(one, other): often for one, other, often in found.pairs} == {
        ("long", "often"): 7 * 4,
        ("long", "short"): 7,
        ("often", "short"): 7,
    }
    assert (found.with_itself, found.most, found.most_at) == ((), 3, NOW + timedelta(hours=2, minutes=30))


def test_a_run_that_lasts_longer_than_the_next_start_is_far_away_meets_itself() -> None:
    slow = _task("slow", "*/15 * * * *", strategy=Strategy(when_busy=WhenBusy.QUEUE))
    plan = _plan(slow)
    forecasts = _forecasts(plan)
    [(name, often)] = overlaps(plan, forecasts, _lasting(slow=1_200)).with_itself
    assert (name, often) == ("slow", 4 * 24 * 7 // 2)
    told = outlook_of(plan, forecasts, _lasting(slow=1_200), Prices(), "UTC")["meetings"]
    assert told == ["`slow` starts 336 times a week while earlier runs are still at work: that start waits its turn."]


def test_tasks_that_never_meet_are_not_spoken_of() -> None:
    plan = _plan(_task("a", "0 2 * * *"), _task("b", "0 3 * * *"))
    assert outlook_of(plan, _forecasts(plan), {}, Prices(), "UTC")["meetings"] == []


def test_the_largest_plan_is_forecast_in_reasonable_time() -> None:
    plan = _plan(*[_task(f"t{n}", "*/5 * * * *") for n in range(200)])
    found = overlaps(plan, _forecasts(plan), {})
    assert (found.most, found.days < 1) == (200, True)

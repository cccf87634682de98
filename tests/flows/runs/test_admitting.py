"""What becomes of fires at the gate, with the store behind it: after downtime, of repeated events, in a queue (R2.8)."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from blocks.store.store import Store
from blueprint.admission import Queue, Skip
from blueprint.mission import Mission, MissionState
from blueprint.occasion import EventGiven
from blueprint.plan import Blueprint, Strategy, Task, WhenBusy, WhenMissed
from blueprint.records import Refusal, RunEnd, RunState, StartedBy
from blueprint.triggers import Cron, Event, Manual, Trigger
from flows.runs.admitting import Admitted, Wish, enter, started_by
from tests.fakes.installation import task

NOW = datetime.now(UTC)
DUE = (NOW - timedelta(minutes=20)).replace(second=0, microsecond=0)
HOURLY = Cron(cron=f"{DUE.minute} * * * *")
"""Was due 20 minutes ago, and each hour before."""


async def _launched(store: Store, trigger: Trigger | None = None, **strategy: object) -> None:
    """The Mission `hosts` with one Task in force."""
    work: Task = task(trigger=trigger or Manual(), strategy=Strategy.model_validate(strategy))
    plan = Blueprint(title="Hosts", goal="Look.", timezone="UTC", tasks=(work,))
    mission = Mission(id="hosts", title="Hosts", goal="Look.", state=MissionState.ACTIVE, created_at=NOW, active_at=NOW)
    await store.missions.add(mission)
    version = await store.plans.add(mission.id, plan, NOW)
    await store.missions.set_plan_in_force(mission.id, version, plan.digest, NOW)


def _flow_run(at: datetime | None = None) -> FlowRun:
    """A flow run; with a time, one that Prefect's scheduler laid."""
    return _with(auto_scheduled=at is not None, expected_start_time=at)


def _with(**fields: object) -> FlowRun:
    return FlowRun.model_validate({"id": uuid4(), "flow_id": uuid4()} | fields)


async def _enter(store: Store, flow_run: FlowRun | None = None, event: EventGiven | None = None) -> Admitted | Queue | Skip:
    return await enter(store, flow_run or _flow_run(), Wish(mission="hosts", task="work", event=event))


async def _after_downtime(store: Store, hours: int = 12) -> tuple[int, list[Refusal | None]]:
    """All fires of so many hours come at once; how many runs there are then, and why the others are none."""
    late = [_flow_run(DUE - timedelta(hours=hour)) for hour in range(hours)]
    await asyncio.gather(*[_enter(store, flow_run) for flow_run in late])
    return len(await store.runs.list("hosts")), [fire.refusal for fire in await store.fires.list("hosts")]


async def test_after_downtime_nothing_runs_and_each_missed_fire_is_a_record(store: Store) -> None:
    await _launched(store, HOURLY)
    assert await _after_downtime(store) == (0, [Refusal.MISSED] * 12)


@pytest.mark.parametrize("when_busy", WhenBusy)
@pytest.mark.parametrize("concurrency", [1, 5])
async def test_after_downtime_the_latest_missed_fire_is_made_up_for_exactly_once(
    store: Store, when_busy: WhenBusy, concurrency: int
) -> None:
    await _launched(store, HOURLY, when_missed=WhenMissed.RUN_LATEST, when_busy=when_busy, concurrency=concurrency)
    assert await _after_downtime(store) == (1, [Refusal.SUPERSEDED] * 11)
    assert await _after_downtime(store, 3) == (1, [Refusal.SUPERSEDED] * 14)
    assert await store.queue.all() == []


async def test_a_record_tells_what_would_have_started_and_when(store: Store) -> None:
    await _launched(store, HOURLY)
    flow_run = _flow_run(DUE)
    decision = await _enter(store, flow_run)
    [fire] = await store.fires.list("hosts")
    assert isinstance(decision, Skip)
    assert (fire.run_id, fire.started_by, fire.scheduled_for) == (str(flow_run.id), StartedBy.CRON, DUE)
    assert (fire.reason, fire.count) == (decision.reason, 1)


async def test_the_same_event_starts_one_run_over_the_end_of_the_first(store: Store) -> None:
    await _launched(store, Event(event="alert"))
    event = EventGiven(id="e-1", name="alert", labels={"host": "a"}, payload={"secret": "of the event"})
    first = await _enter(store, event=event)
    assert isinstance(first, Admitted)
    assert first.record.event == event.model_copy(update={"payload": None})
    await _end(store, first)
    assert [type(await _enter(store, event=event)) for _ in range(3)] == [Skip] * 3
    assert isinstance(await _enter(store, event=event.model_copy(update={"id": "e-2"})), Admitted)


async def test_a_storm_of_events_starts_one_run_for_each_key_within_the_cool_down(store: Store) -> None:
    rule = Event(event="alert", cooldown_seconds=3600, deduplicate_by=("host",))
    await _launched(store, rule, concurrency=100)
    events = [EventGiven(id=f"e-{number}", name="alert", labels={"host": f"h-{number % 5}"}) for number in range(40)]
    decisions = await asyncio.gather(*[_enter(store, event=event) for event in events])
    assert sum(isinstance(decision, Admitted) for decision in decisions) == 5
    assert [fire.refusal for fire in await store.fires.list("hosts")] == [Refusal.COOL_DOWN] * 35


async def test_fires_of_a_busy_task_queue_in_the_order_in_which_they_come_and_pass_in_it(store: Store) -> None:
    await _launched(store, when_busy=WhenBusy.QUEUE)
    runs = [_flow_run() for _ in range(4)]
    first = await _enter(store, runs[0])
    assert isinstance(first, Admitted)
    assert [type(await _enter(store, run)) for run in [*runs[1:], *reversed(runs)]] == [Queue] * 6 + [Admitted]
    assert [fire.run_id for fire in await store.queue.all()] == [str(run.id) for run in runs[1:]]
    await _end(store, first)
    newcomer = await _enter(store)
    assert isinstance(newcomer, Queue), "it must not overtake"
    assert isinstance(await _enter(store, runs[2]), Queue)
    assert isinstance(await _enter(store, runs[1]), Admitted)
    assert [fire.run_id for fire in await store.queue.all()][:2] == [str(run.id) for run in runs[2:]]


async def test_an_event_in_the_queue_counts_as_let_through(store: Store) -> None:
    await _launched(store, Event(event="alert"), when_busy=WhenBusy.QUEUE)
    await _enter(store)
    event = EventGiven(id="e-1", name="alert")
    assert isinstance(await _enter(store, event=event), Queue)
    assert isinstance(await _enter(store, event=event), Skip)


STARTS = [
    (_flow_run(DUE), Wish(mission="m", task="t"), StartedBy.CRON),
    (_with(tags=["once"]), Wish(mission="m", task="t"), StartedBy.ONCE),
    (_flow_run(), Wish(mission="m", task="t", event=EventGiven(id="e", name="n")), StartedBy.EVENT),
    (_with(created_by={"type": "AUTOMATION"}), Wish(mission="m", task="t"), StartedBy.EVENT),
    (_flow_run(), Wish(mission="m", task="t", round="0123"), StartedBy.DEPENDENCY),
    (_flow_run(), Wish(mission="m", task="t"), StartedBy.MANUAL),
]


@pytest.mark.parametrize(("flow_run", "wish", "by"), STARTS)
def test_what_started_a_run_is_seen_in_its_flow_run(flow_run: FlowRun, wish: Wish, by: StartedBy) -> None:
    assert started_by(flow_run, wish) is by


async def _end(store: Store, admitted: Admitted) -> None:
    await store.runs.finish(admitted.record.id, RunEnd(state=RunState.SUCCESS, ended_at=datetime.now(UTC)))

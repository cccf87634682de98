"""Runs that wait, are cancelled, or are not let in; and every half-made wait that a crash can leave (R5.4, R4.7, R2.8)."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Cancelling, Crashed, Failed, Pending, Running, Scheduled
from sqlalchemy import text

from blueprint.mission import Mission, MissionState
from blueprint.records import RunEnd, RunState
from blueprint.requests import Answer, Decision, RequestState
from blueprint.stream import Returned
from blueprint.triggers import Cron
from deployments.compiler import TASK_FLOW, deployment_name
from flows.people.inputs import has_form
from flows.people.replying import Reply, reply
from flows.recovery.mending import may_begin
from flows.recovery.reconciling import Reconciler
from flows.starting import start
from tests.fakes.counter import Counter, wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, reaches
from tests.fakes.model_server import ScriptedModel, calls, scripted_model, waits

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
COUNT = calls(("counter__count", {"text": "one"}))
SILENT = waits(300, DONE)


async def _mission(here: Installation, model: ScriptedModel, counter: Counter) -> Mission:
    employee = await here.employ(model_url=model.url, servers=[counter.connection(call_seconds=300)])
    return await here.launch(task(), employee=employee)


async def _waiting(here: Installation, model: ScriptedModel, counter: Counter) -> str:
    run_id = await here.start(await _mission(here, model, counter))
    await here.asked(run_id)
    await reaches(here, run_id, "Suspended")
    return run_id


async def test_a_question_that_nobody_answers_ends_the_run_with_a_report_and_without_the_call(
    folder: Path, tmp_path: Path
) -> None:
    here = Installation(home=folder / "home", environment={"MISSIONS_ANSWER_TIMEOUT_SECONDS": "12"})
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, COUNT]) as model, here.running(), here.store() as store:
        silent = await _waiting(here, model, counter)
        while_up = await here.ended(silent)
        shown = await reaches(here, silent, "Failed")
        asleep = await _waiting(here, model, counter)
        request = await here.asked(asleep)
        await here.down(signal.SIGKILL)
        await wait_until(lambda: datetime.now(UTC) > request.deadline)
        await here.up()
        while_down = await here.ended(asleep, BACK_SECONDS)
        await reaches(here, asleep, "Failed")
        told = [message.id for message in await store.messages.list()]
        states = [(await store.requests.of_run(run_id))[0].state for run_id in (silent, asleep)]
        reports = [(here.home / record.report_path).read_text() for record in (while_up, while_down)]
    assert [record.state for record in (while_up, while_down)] == [RunState.FAILED] * 2
    assert [record.reason.split(" by ")[0] for record in (while_up, while_down)] == ["Nobody answered 'counter.count?'"] * 2
    assert (states, counter.counts(), shown.message) == ([RequestState.EXPIRED] * 2, [], while_up.reason)
    assert all("Nobody answered" in report for report in reports)
    about = [
        [told.count(f"{run_id}:approve-c00001000:{kind}") for kind in ("half", "last", "expired")] for run_id in (silent, asleep)
    ]
    assert ([counts[2] for counts in about], max(map(max, about))) == ([1, 1], 1), "each time-out is told, and nothing twice"


@pytest.mark.parametrize("proposed", [Cancelling(), Cancelled()], ids=["cancelling", "cancelled"])
async def test_a_run_that_is_cancelled_while_it_waits_ends_with_its_report_and_its_question_is_closed(
    installation: Installation, tmp_path: Path, proposed: State
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        await client.set_flow_run_state(UUID(run_id), proposed)
        record = await installation.ended(run_id, 10)
        await reaches(installation, run_id, "Cancelled", seconds=10)
        requests = await store.requests.of_run(run_id)
    assert (record.state, [one.state for one in requests]) == (RunState.CANCELLED, [RequestState.CANCELLED])
    assert counter.counts() == []


async def test_a_second_start_while_a_run_works_is_skipped_with_the_reason(installation: Installation, tmp_path: Path) -> None:
    async with scripted_model([SILENT]) as model, installation.store() as store, installation.client() as client:
        mission = await _mission(installation, model, Counter(folder=tmp_path))
        first = await installation.start(mission)
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        second = await installation.start(mission)
        state = await reaches(installation, second, "Cancelled")
        await client.set_flow_run_state(UUID(first), Cancelling())
        await installation.ended(first)
        fires, started = await store.fires.list(mission.id), await store.runs.find_started(second)
    assert state.message == "Task 'work' is busy: 1 of 1 runs at work."
    assert ([(fire.run_id, fire.reason) for fire in fires], started) == ([(second, state.message)], None)


async def test_a_paused_mission_lets_no_run_in_whoever_starts_it(installation: Installation, tmp_path: Path) -> None:
    async with scripted_model([]) as model, installation.store() as store, installation.client() as client:
        mission = await _mission(installation, model, Counter(folder=tmp_path))
        await store.missions.set_state(mission.id, MissionState.PAUSED, datetime.now(UTC))
        name = f"{TASK_FLOW}/{deployment_name(mission.id, 'work')}"
        run_id = await start(client, name, {"mission": mission.id, "task": "work"})
        state = await reaches(installation, run_id, "Cancelled")
        fires = await store.fires.list(mission.id)
    assert str(state.message).startswith(f"Mission {mission.id!r} is Paused; only an Active one runs Tasks. Let it go on first:")
    assert ([fire.run_id for fire in fires], model.requests) == ([run_id], [])


async def test_a_fire_that_comes_an_hour_late_is_skipped_with_the_reason(installation: Installation) -> None:
    due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    mission = await installation.launch(task(trigger=Cron(cron=f"{due.minute} {due.hour} * * *")))
    async with installation.store() as store:
        run_id = await _late_fire(installation, mission, due)
        state = await reaches(installation, run_id, "Cancelled")
        fires = await store.fires.list(mission.id)
    assert [(fire.run_id, fire.reason) for fire in fires] == [(run_id, state.message)]
    assert str(state.message).endswith("min late, and the Task skips what it missed.")


async def _late_fire(here: Installation, mission: Mission, due: datetime) -> str:
    """Make a run as Prefect's scheduler makes them ahead, and let it have been due then; gives its id."""
    state = text(
        "UPDATE flow_run_state SET state_details = jsonb_set(state_details::jsonb, '{scheduled_time}',"
        " to_jsonb(cast(:due AS text))) WHERE flow_run_id = :id"
    )
    run = text(
        "UPDATE flow_run SET auto_scheduled = true, expected_start_time = :due, next_scheduled_start_time = now() WHERE id = :id"
    )
    ahead = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(days=1))
    async with here.store() as store, here.client() as client:
        deployment = await client.read_deployment_by_name(f"{TASK_FLOW}/{deployment_name(mission.id, 'work')}")
        made = await client.create_flow_run_from_deployment(deployment.id, state=ahead)
        async with store.engine.begin() as connection:
            await connection.execute(state, {"id": made.id, "due": due.isoformat()})
            await connection.execute(run, {"id": made.id, "due": due})
    return str(made.id)


async def test_a_wait_without_its_form_gets_it_once_also_from_two_reconcilers(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        async with asyncio.timeout(BACK_SECONDS):
            while not await has_form(client, UUID(run_id), "approve-c00001000"):  # Prefect saves it behind the state
                await asyncio.sleep(0.1)
        await client.delete_flow_run_input(UUID(run_id), "suspended-approve-c00001000-description")
        two = [Reconciler(store=store, client=client, home=installation.home) for _ in range(2)]
        async with asyncio.timeout(20):
            while not await has_form(client, UUID(run_id), "approve-c00001000"):
                await asyncio.gather(*(one.round() for one in two))
        await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve", "comment": ""})
        record = await installation.ended(run_id)
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])


async def test_a_run_whose_form_was_never_made_goes_on_with_the_answer_that_is_stored(
    installation: Installation, tmp_path: Path
) -> None:
    """Prefect wakes no run without its form; the asking process may have been killed before it saved one."""
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        async with asyncio.timeout(BACK_SECONDS):
            while not await has_form(client, UUID(run_id), "approve-c00001000"):
                await asyncio.sleep(0.1)
        for part in ("schema", "description"):
            await client.delete_flow_run_input(UUID(run_id), f"suspended-approve-c00001000-{part}")
        answer = Answer(decision=Decision.APPROVE, by="test", at=datetime.now(UTC))
        await store.requests.answer(run_id, "approve-c00001000", answer)
        record = await installation.ended(run_id)
    assert (record.state, record.executions, counter.counts()) == (RunState.SUCCESS, 2, ["one"])


@pytest.mark.parametrize("broken", [Failed(), Crashed()], ids=["failed", "crashed"])
async def test_a_waiting_run_that_prefect_gave_up_waits_again_and_its_answer_counts(
    installation: Installation, tmp_path: Path, broken: State
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        await client.set_flow_run_state(UUID(run_id), broken, force=True)
        await reaches(installation, run_id, "Suspended")
        await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve", "comment": ""})
        record, requests = await installation.ended(run_id), await store.requests.of_run(run_id)
    assert (record.state, counter.counts(), len(requests)) == (RunState.SUCCESS, ["one"], 1)


async def test_a_run_that_was_parked_and_never_suspended_is_started_again(installation: Installation, tmp_path: Path) -> None:
    async with scripted_model([SILENT, DONE]) as model, installation.store() as store:
        run_id = await installation.start(await _mission(installation, model, Counter(folder=tmp_path)))
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        lease = await store.leases.get(run_id)
        assert lease is not None
        await store.leases.park(run_id, lease.owner)
        record = await installation.ended(run_id, BACK_SECONDS)
    assert (record.state, record.executions) == (RunState.SUCCESS, 2)


async def test_a_run_whose_close_was_cut_off_after_its_record_gets_its_report_and_its_final_state(
    installation: Installation, tmp_path: Path
) -> None:
    async with scripted_model([COUNT]) as model, installation.store() as store:
        run_id = await _waiting(installation, model, Counter(folder=tmp_path))
        await store.runs.finish(run_id, RunEnd(state=RunState.FAILED, reason="It was cut off.", ended_at=datetime.now(UTC)))
        record = await installation.ended(run_id, 15)
        state = await reaches(installation, run_id, "Failed", seconds=15)
        requests = await store.requests.of_run(run_id)
    assert (state.message, record.reason) == ("It was cut off.", "It was cut off.")
    assert [one.state for one in requests] == [RequestState.CANCELLED]


async def test_a_waiting_run_that_is_deleted_in_prefect_ends_cancelled_in_our_records(
    installation: Installation, tmp_path: Path
) -> None:
    async with scripted_model([COUNT]) as model, installation.client() as client:
        run_id = await _waiting(installation, model, Counter(folder=tmp_path))
        await client.delete_flow_run(UUID(run_id))
        record = await installation.ended(run_id, 15)
    assert (record.state, record.reason) == (RunState.CANCELLED, "The flow run was deleted in Prefect.")


async def test_an_answer_in_the_form_that_does_not_fit_is_asked_for_again(installation: Installation, tmp_path: Path) -> None:
    choice = {"kind": "choice", "title": "Which?", "text": "Which one?", "options": ["a", "b"]}
    ask, counter = calls(("ask_person", choice)), Counter(folder=tmp_path)
    async with scripted_model([ask, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        await client.resume_flow_run(UUID(run_id), run_input={"choice": "other", "comment": ""})
        await reaches(installation, run_id, "Resuming", "Pending", "Running")
        await reaches(installation, run_id, "Suspended")
        await client.resume_flow_run(UUID(run_id), run_input={"choice": "b", "comment": ""})
        record = await installation.ended(run_id)
        entries = await store.journal.read(run_id)
    told = [entry.event.text for entry in entries if isinstance(entry.event, Returned)]
    assert record.state is RunState.SUCCESS
    assert ["b" in one.splitlines() for one in told] == [True]


async def test_an_answer_at_once_finds_the_worker_alive(installation: Installation, tmp_path: Path) -> None:
    """The process that asked is still ending when the run is to start again; the worker must take that."""
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store:
        run_id = await installation.start(await _mission(installation, model, counter))
        await installation.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        record = await installation.ended(run_id)
    assert (record.state, record.executions, counter.counts()) == (RunState.SUCCESS, 2, ["one"])
    assert "already holding" not in installation.log("worker")


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        (Pending(), 30, True),
        (Pending(), 50, False),
        (Running(), 30, True),
        (Running(), 50, False),
        (Crashed(), 1, True),
        (Crashed(), 4, False),
        (Failed(), 4, False),
        (Pending(), -30, True),
        (Pending(), -3600, False),
        (Crashed(), -3600, False),
    ],
)
def test_a_run_without_a_lease_is_lost_only_after_a_while(state: State, seconds: int, expected: bool) -> None:
    """Where the clock was put back, a state is of the future."""
    state.timestamp = datetime.now(UTC) - timedelta(seconds=seconds)  # pyright: ignore[reportAttributeAccessIssue]
    assert may_begin(state, None) is expected

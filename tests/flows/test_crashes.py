"""Runs whose process, or whole installation, is killed go on from their journal; nothing is done twice (R4.8)."""

import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from prefect.states import Scheduled

from blueprint.plan import Blueprint
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunState
from blueprint.requests import AnomalyQuestion, Answer, Decision
from blueprint.stream import Intended, Outcome, Reasoned, Returned
from flows.people.replying import Reply, reply
from flows.starting import start
from tests.fakes.counter import Counter, wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, kill_run, reaches
from tests.fakes.model_server import ScriptedModel, Turn, answers, calls, scripted_model, waits

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
PEEK = calls(("counter__peek", {}))
SILENT = waits(300, DONE)
"""An answer that never comes while the test lasts: the run is between two steps."""
RUNS = ("works", "command", "form")
FREELY = RiskPolicy(rules=(ToolRule(tool="counter.count", rule=Rule.AUTO),))


async def _start(here: Installation, model: ScriptedModel, counter: Counter, policy: RiskPolicy | None = None) -> str:
    employee = await here.employ(model_url=model.url, servers=[counter.connection(name="counter", call_seconds=120)])
    return await here.start(await here.launch(task(), employee=employee, policy=policy))


async def _asked_model(model: ScriptedModel, times: int) -> None:
    await wait_until(lambda: len(model.requests) >= times, BACK_SECONDS)


async def test_a_run_killed_between_two_steps_goes_on_without_repeating_one(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([PEEK, SILENT, DONE]) as model, installation.store() as store:
        run_id = await _start(installation, model, counter)
        await _asked_model(model, 2)
        await kill_run(installation, run_id)
        record = await installation.ended(run_id, BACK_SECONDS)
        entries = await store.journal.read(run_id)
    assert (record.state, record.executions) == (RunState.SUCCESS, 2)
    assert len(counter.calls("peek", "start")) == 1
    assert model.requests[1]["messages"] == model.requests[2]["messages"]
    assert sum(isinstance(entry.event, Reasoned) for entry in entries) == 2


async def test_a_read_only_call_that_was_cut_off_is_made_again(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([PEEK, calls(("counter__peek", {"before": 3})), DONE]) as model, installation.store() as store:
        run_id = await _start(installation, model, counter)
        await wait_until(lambda: len(counter.calls("peek", "start")) == 2, BACK_SECONDS)
        await kill_run(installation, run_id)
        record = await installation.ended(run_id, BACK_SECONDS)
        entries = await store.journal.read(run_id)
    assert record.state is RunState.SUCCESS
    assert [entry.event.attempt for entry in entries if isinstance(entry.event, Intended)] == [1, 1, 2]
    assert len(counter.calls("peek", "start")) == 3


@pytest.mark.parametrize(
    ("pause", "moment", "decision", "outcome", "counted"),
    [
        pytest.param("before", "start", Decision.NOT_HAPPENED, Outcome.NOT_DONE, [], id="before its effect"),
        pytest.param("after", "effect", Decision.HAPPENED, Outcome.DONE, ["one"], id="after its effect"),
    ],
)
async def test_a_changing_call_that_was_cut_off_is_asked_about_and_never_repeated(
    installation: Installation, tmp_path: Path, pause: str, moment: str, decision: Decision, outcome: Outcome, counted: list[str]
) -> None:
    counter = Counter(folder=tmp_path)
    count = calls(("counter__count", {"text": "one", pause: 60}))
    async with scripted_model([count, DONE]) as model, installation.store() as store:
        run_id = await _start(installation, model, counter)
        await installation.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        await wait_until(lambda: bool(counter.calls("count", moment)), BACK_SECONDS)
        await kill_run(installation, run_id)
        request = await installation.asked(run_id, BACK_SECONDS)
        await reply(store, run_id, Reply(decision=decision, text="I looked."), by="test")
        record = await installation.ended(run_id)
        entries, requests = await store.journal.read(run_id), await store.requests.of_run(run_id)
    assert isinstance(request.question, AnomalyQuestion)
    assert request.question.unknown_call is not None
    assert [entry.event.outcome for entry in entries if isinstance(entry.event, Returned)] == [outcome]
    assert [one.question.kind for one in requests] == ["approval", "anomaly"]
    assert (record.state, counter.counts(), len(counter.calls("count", "start"))) == (RunState.SUCCESS, counted, 1)


async def test_after_everything_was_killed_and_started_again_each_run_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    here, counters = Installation(home=folder / "home"), {name: Counter(folder=tmp_path / name) for name in RUNS}
    scripts = {"works": [_count("works"), SILENT, DONE], "command": [_count("command"), DONE], "form": [_count("form"), DONE]}
    async with AsyncExitStack() as models, here.running():
        runs: dict[str, str] = {}
        for name, counter in counters.items():
            counter.folder.mkdir()
            model = await models.enter_async_context(scripted_model(scripts[name]))
            employee = await here.employ(model_url=model.url, servers=[counter.connection(name=name)])
            policy = RiskPolicy(rules=(ToolRule(tool="works.count", rule=Rule.AUTO),))
            runs[name] = await here.start(await here.launch(task(), employee=employee, policy=policy))
        await wait_until(lambda: bool(counters["works"].calls("count", "end")), BACK_SECONDS)
        for name in ("command", "form"):
            await here.asked(runs[name])
            await reaches(here, runs[name], "Suspended")
        await here.down(signal.SIGKILL)
        here.environment["TZ"] = "Pacific/Auckland"  # the machine was moved to another zone meanwhile
        await here.up()
        assert (await here.command("reply", runs["command"], "--approve")).code == 0
        await _fill_form(here, runs["form"], "approve")
        records = [await here.ended(run_id, BACK_SECONDS) for run_id in runs.values()]
    assert [record.state for record in records] == [RunState.SUCCESS] * 3
    assert [counter.counts() for counter in counters.values()] == [["one"]] * 3
    assert [len(counter.calls("count", "start")) for counter in counters.values()] == [1, 1, 1]


def _count(server: str) -> Turn:
    return calls((f"{server}__count", {"text": "one"}))


async def _fill_form(here: Installation, run_id: str, decision: str) -> None:
    async with here.client() as client:
        await client.resume_flow_run(UUID(run_id), run_input={"decision": decision, "comment": ""})


async def test_two_processes_never_work_on_one_run(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    slow = calls(("counter__count", {"text": "one", "after": 20}))
    async with scripted_model([slow, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _start(installation, model, counter, FREELY)
        await wait_until(lambda: bool(counter.calls("count", "effect")), BACK_SECONDS)
        await client.set_flow_run_state(UUID(run_id), Scheduled(), force=True)
        record = await installation.ended(run_id)
        entries = await store.journal.read(run_id)
        state = await reaches(installation, run_id, "Completed")
    assert state.is_completed()
    assert (record.state, record.executions, counter.counts()) == (RunState.SUCCESS, 1, ["one"])
    assert [entry.event.attempt for entry in entries if isinstance(entry.event, Intended)] == [1]


async def test_a_finished_run_that_is_started_again_by_hand_only_shows_its_end_again(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([PEEK, DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _start(installation, model, counter)
        before = await installation.ended(run_id)
        await reaches(installation, run_id, "Completed")
        await client.set_flow_run_state(UUID(run_id), Scheduled(name="AwaitingRetry"))
        await reaches(installation, run_id, "AwaitingRetry", "Pending", "Running")
        await reaches(installation, run_id, "Completed")
        after = await store.runs.get(run_id)
    assert (after, len(counter.calls("peek", "start"))) == (before, 1)


async def test_a_killed_creation_makes_one_mission_one_plan_and_asks_once(installation: Installation) -> None:
    alignment = {"understanding": "A count.", "questions": ["How often?"], "timezone": "UTC"}
    complete: dict[str, object] = {"understanding": "A count when asked.", "questions": [], "timezone": "UTC"}
    script: list[Turn] = [SILENT, answers(alignment), answers(complete), SILENT, answers(complete), answers(_plan())]
    goal = f"Count at {datetime.now(UTC).isoformat()}"
    async with scripted_model(script) as model, installation.store() as store, installation.client() as client:
        employee = await installation.employ(model_url=model.url)
        run_id = await start(client, "create/create", {"goal": goal, "employee": employee})
        await _asked_model(model, 1)
        await kill_run(installation, run_id)
        await installation.asked(run_id, BACK_SECONDS)
        await reply(store, run_id, Reply(text="When asked."), by="test")
        await _asked_model(model, 4)
        await kill_run(installation, run_id)
        waiting = await reaches(installation, run_id, "Suspended", "Failed")
        assert waiting.is_paused(), waiting
        request = await installation.asked(run_id, BACK_SECONDS)
        await reply(store, run_id, Reply(decision=Decision.LAUNCH), by="test", key=request.key)
        state = await reaches(installation, run_id, "Completed", "Failed")
        mission = await store.missions.find(request.mission_id)
        requests, versions = await store.requests.of_run(run_id), await store.plans.history(mission.id)
        turns = await store.conversation.of(mission.id)
    assert (state.name, mission.state, mission.goal) == ("Completed", "Active", goal)
    assert ([one.key for one in requests], len(versions)) == (["align-1", "review-1"], 1)
    assert [turn.role for turn in turns].count("person") == 2


def _plan() -> dict[str, object]:
    return Blueprint(title="Count", goal="Count.", timezone="UTC", tasks=(task("look"),)).model_dump(mode="json")


async def test_everything_goes_on_after_the_prefect_server_and_the_service_were_killed(folder: Path, tmp_path: Path) -> None:
    here, counter = Installation(home=folder / "home"), Counter(folder=tmp_path)
    async with scripted_model([calls(("counter__count", {"text": "one"})), DONE]) as model, here.running():
        run_id = await _start(here, model, counter)
        await here.asked(run_id)
        await reaches(here, run_id, "Suspended")
        async with here.store() as store:
            _kill(here, "prefect", "server", "start")
            _kill(here, "flows.service")
            answer = Answer(decision=Decision.APPROVE, by="test", at=datetime.now(UTC))
            await store.requests.answer(run_id, "approve-c00001000", answer)
            await reaches(here, run_id, "Completed")
        record = await here.ended(run_id)
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])


def _kill(here: Installation, *words: str) -> None:
    found = [process for process in here.processes() if _runs(process.cmdline(), words)]
    assert found, words
    for process in found:
        process.kill()


def _runs(command: list[str], words: tuple[str, ...]) -> bool:
    return "guard" not in " ".join(command) and all(word in command for word in words)

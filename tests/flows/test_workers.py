"""What only one of the two workers does: the warm one puts its runs back when it stops, the stock one can be anywhere."""

import asyncio
import shutil
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate

import agent
from blueprint.mission import Mission
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunState
from blueprint.requests import Decision
from blueprint.stream import Intended, Reasoned
from deployments.compiler import TASK_FLOW, deployment_name
from flows.people.replying import Reply, reply
from tests.fakes.counter import Counter, wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, kill_run, reaches
from tests.fakes.model_server import Turn, calls, held, scripted_model, waits
from tests.fakes.stock_worker import stock_worker

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
COUNT = calls(("counter__count", {"text": "one"}))
FREELY = RiskPolicy(rules=(ToolRule(tool="*.count", rule=Rule.AUTO),))


@dataclass(frozen=True, kw_only=True)
class Started:
    """Runs of one round: in a call, in a model's answer, before a person; and what they count."""

    calling: dict[str, Counter]
    thinking: dict[str, Counter]
    waiting: dict[str, Counter]

    @property
    def all(self) -> dict[str, Counter]:
        """All of them."""
        return self.calling | self.thinking | self.waiting


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many runs a round has of each kind."""

    calling: int = 1
    thinking: int = 1
    waiting: int = 1

    @property
    def all(self) -> int:
        """All together."""
        return self.calling + self.thinking + self.waiting


@pytest.mark.timeout(900)
async def test_runs_finish_their_step_when_everything_is_stopped_and_go_on_when_it_starts_again(
    folder: Path, tmp_path: Path
) -> None:
    here = Installation(home=folder / "home", environment={"MISSIONS_STOP_SECONDS": "60"})
    async with AsyncExitStack() as models, here.running(), here.store() as store:
        sizes = {signal.SIGTERM: Size(calling=3, thinking=2, waiting=3), signal.SIGINT: Size()}
        for round_, (how, size) in enumerate(sizes.items(), start=1):
            gate, opened = asyncio.Event(), tmp_path / f"opened-{how}"
            runs = await _at_work_and_waiting(here, models, tmp_path / str(how), size, gate, opened)
            stopping = asyncio.create_task(here.down(how))
            await wait_until(lambda count=round_: here.log("worker").count("finish the step") == count, BACK_SECONDS)
            gate.set()
            opened.touch()
            await stopping
            here.environment["PYTHONPATH"] = str(_changed_code(tmp_path / f"changed-{how}"))
            await here.up()
            for run_id in runs.waiting:
                await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
            records = [await here.ended(run_id, BACK_SECONDS) for run_id in runs.all]
            entries = [await store.journal.read(run_id) for run_id in runs.all]
            assert [(record.state, record.executions) for record in records] == [(RunState.SUCCESS, 2)] * size.all
            assert [counter.counts() for counter in runs.all.values()] == [["one"]] * size.all
            assert {sum(isinstance(one.event, Reasoned | Intended) for one in run) for run in entries} == {3}
            assert (tmp_path / f"changed-{how}" / "used").exists(), "the runs went on with the changed code"
    assert "lost its process" not in here.log("service"), "no run had to be found by the reconciler"


def _changed_code(folder: Path) -> Path:
    """A folder with a later version of the agent: another loop, other prompts; its file `used` says that it was imported."""
    changed = shutil.copytree(Path(agent.__file__).parent, folder / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    with (changed / "loop.py").open("a") as loop:
        loop.write(f"\n\nfrom pathlib import Path\n\nPath({str(folder / 'used')!r}).touch()\n")
    for prompt in (changed / "prompts").iterdir():
        prompt.write_text(prompt.read_text() + "\nThis is another version.\n")
    return folder


async def _at_work_and_waiting(
    here: Installation, models: AsyncExitStack, folder: Path, size: Size, gate: asyncio.Event, opened: Path
) -> Started:
    """Runs in the middle of a step, and runs that wait for a person."""
    slow = {"text": "one", "until": str(opened)}
    waiting = dict([await _start(here, models, folder / f"waiting-{n}", {"text": "one"}, DONE) for n in range(size.waiting)])
    calling = dict([await _start(here, models, folder / f"calling-{n}", slow, DONE, FREELY) for n in range(size.calling)])
    thought = held(gate, DONE)
    thinking = dict(
        [await _start(here, models, folder / f"thinking-{n}", {"text": "one"}, thought, FREELY) for n in range(size.thinking)]
    )
    for run_id in waiting:
        await reaches(here, run_id, "Suspended")
    for counter in calling.values():
        await wait_until(lambda counter=counter: bool(counter.calls("count", "effect")), BACK_SECONDS)
    for counter in thinking.values():
        await wait_until(lambda counter=counter: bool(counter.calls("count", "end")), BACK_SECONDS)
    return Started(calling=calling, thinking=thinking, waiting=waiting)


async def _start(
    here: Installation,
    models: AsyncExitStack,
    folder: Path,
    arguments: Mapping[str, str],
    then: Turn,
    policy: RiskPolicy | None = None,
) -> tuple[str, Counter]:
    """A run that counts, with a counter of its own, and then gets the model's answer `then`."""
    counter, name = Counter.in_new(folder), folder.name
    model = await models.enter_async_context(scripted_model([calls((f"{name}__count", dict(arguments))), then]))
    employee = await here.employ(model_url=model.url, servers=[counter.connection(name=name, call_seconds=120)])
    return await here.start(await here.launch(task(), employee=employee, policy=policy)), counter


async def test_a_stock_worker_by_itself_runs_a_task_over_a_kill_and_an_approval(
    installation: Installation, tmp_path: Path
) -> None:
    counter, pool = Counter(folder=tmp_path), f"by-hand-{uuid4().hex[:8]}"
    silent = waits(300, DONE)
    async with scripted_model([silent, COUNT, DONE]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        mission = await installation.launch(task(), employee=employee)
        await _move_to_pool(installation, mission, pool)
        async with stock_worker(installation, tmp_path / "worker.log", pool):
            run_id = await installation.start(mission)
            await wait_until(lambda: bool(model.requests), BACK_SECONDS)
            await kill_run(installation, run_id)
            await installation.asked(run_id)
            await reaches(installation, run_id, "Suspended")
            await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
            record = await installation.ended(run_id)
            await reaches(installation, run_id, "Completed")
    assert (record.state, record.executions, counter.counts()) == (RunState.SUCCESS, 3, ["one"])
    assert run_id not in installation.log("worker")


async def _move_to_pool(here: Installation, mission: Mission, pool: str) -> None:
    async with here.client() as client:
        await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        deployment = await client.read_deployment_by_name(f"{TASK_FLOW}/{deployment_name(mission.id, 'work')}")
        await client.update_deployment(UUID(str(deployment.id)), DeploymentUpdate(work_pool_name=pool))

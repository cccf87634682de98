"""A cancelled run ends Cancelled within 10 s, whatever it does, with its report and without a process (R4.7)."""

import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psutil
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling

from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunRecord, RunState
from tests.fakes.counter import wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, reaches
from tests.fakes.model_server import calls, scripted_model, waits

DONE = calls(("conclude", {"summary": "Done.", "findings": []}))
FREELY = RiskPolicy(rules=(ToolRule(tool="*", rule=Rule.AUTO),))
WITHIN_SECONDS = 25
"""On a quiet machine it is 10 s (R4.7), which a busy one may not keep; at 30 s the worker would kill the run, unreported."""


async def test_a_run_that_waits_for_its_model_is_cancelled_by_the_console(installation: Installation) -> None:
    async with scripted_model([waits(300, DONE)]) as model, installation.client() as client:
        mission = await installation.launch(task(), employee=await installation.employ(model_url=model.url))
        run_id = await installation.start(mission)
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        await client.set_flow_run_state(UUID(run_id), Cancelling())
        record = await _cancelled(installation, run_id)
    assert record.reason == "A person cancelled the run."


async def test_a_run_in_a_tool_call_of_a_server_that_does_not_leave_is_cancelled_and_the_call_is_unknown(
    installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with scripted_model([calls(("stubborn__block", {}))]) as model:
        employee = await installation.employ(model_url=model.url, servers=[_stubborn(log)])
        run_id = await installation.start(await installation.launch(task(), employee=employee, policy=FREELY))
        await wait_until(lambda: log.exists() and "called" in log.read_text(), BACK_SECONDS)
        outcome = await installation.command("cancel", run_id, "--json")
        record = await _cancelled(installation, run_id)
    report = (installation.home / record.report_path).read_text()
    assert (outcome.code, outcome.json["state"]) == (0, "Cancelled"), outcome
    assert [_lives(pid) for pid in _processes(log)] == [False, False]
    assert "| `stubborn.block` | `{}` | **unknown** |" in report


async def test_a_run_that_waits_for_a_person_leaves_no_process_also_of_a_server_that_does_not_leave(
    installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with scripted_model([calls(("stubborn__block", {}))]) as model, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[_stubborn(log)])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        processes = [*_processes(log), int((await client.read_flow_run(UUID(run_id))).infrastructure_pid or 0)]
        await wait_until(lambda: not any(map(_lives, processes)), WITHIN_SECONDS)
        await client.set_flow_run_state(UUID(run_id), Cancelling())
        record = await installation.ended(run_id)
    assert record.state is RunState.CANCELLED


async def _cancelled(here: Installation, run_id: str) -> RunRecord:
    """The record of a run that Prefect shows as Cancelled in time, its report out and its process gone."""
    await reaches(here, run_id, "Cancelled")
    record = await here.ended(run_id, 1)
    async with here.client() as client:
        at = {state.type: state.timestamp for state in await client.read_flow_run_states(UUID(run_id))}
        pid = int((await client.read_flow_run(UUID(run_id))).infrastructure_pid or 0)
    assert record.state is RunState.CANCELLED
    assert at[StateType.CANCELLED] - at[StateType.CANCELLING] < timedelta(seconds=WITHIN_SECONDS)
    await wait_until(lambda: not _lives(pid))
    return record


def _processes(log: Path) -> list[int]:
    """The stubborn server and its child."""
    return [int(line) for line in log.read_text().splitlines()[:2]]


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _stubborn(log: Path) -> ToolServerConnection:
    server = StdioServer(
        command=sys.executable,
        arguments=("-m", "tests.fakes.stubborn_server", "--log", str(log)),
        directory=str(Path(__file__).parents[2]),
    )
    return ToolServerConnection(name="stubborn", server=server, call_timeout_seconds=300, connect_timeout_seconds=60)

"""The main job by the command alone: create, answer, launch, run, approve, report, as text and as JSON."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from blueprint.records import RunState
from blueprint.stream import Usage
from blueprint.values import short_id
from deployments.present import find_task_runs
from tests.fakes.counted_model import counted_model
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import Turn, calls, scripted_model
from tests.flows.command.conftest import Command

COUNT = calls(("counter__count", {"text": "one"}), text="I count, as asked.")
DONE = calls(("conclude", {"summary": "Looked at it.", "findings": []}))


def asks(kind: str, **more: object) -> Turn:
    """The model asks a person."""
    return calls(("ask_person", {"kind": kind, "title": "Which one?", "text": "Which one is it?", **more}))


async def test_a_goal_without_a_time_stays_a_draft_until_its_question_is_answered_and_all_that_it_costs_is_counted(
    installation: Installation, command: Command
) -> None:
    async with counted_model() as model:
        employee = await installation.employ(model_url=model.url, model="rehearsal", price=2)
        mission, name = await _answered_and_launched(installation, command, employee)
        await command("say", mission, "rename it to Patrol", "--yes")
        planning = model.take()
        good = (await command("run", mission, name, "--wait", "--json")).json
        worked = model.take()
        model.is_mute = True
        failed = (await command("run", mission, name, "--wait", "--json")).json
        wasted = model.take()
    shown = (await command("show", mission, "--json")).json
    assert (good["state"], failed["state"]) == ("Success", "Failed")
    assert (wasted.input_tokens, wasted.output_tokens) == (2 * 700, 2 * 3)
    said = [shown["planning"], good["usage"], failed["usage"], shown["used"][0]["usage"]]
    assert [_costs(one) for one in said] == [_priced(one) for one in (planning, worked, wasted, worked + wasted)]
    tokens = f"| Tokens | {worked.input_tokens:,} in, {worked.output_tokens:,} out |"
    assert tokens in (await command("report", good["id"])).stdout
    whole = planning + worked + wasted
    amounts = [f"{whole.input_tokens:,}", f"{whole.output_tokens:,}", f"{_cost(whole):.4f}"]
    everything = (await command("show", mission)).stdout.splitlines()
    assert amounts in [line.split()[1:] for line in everything if line.startswith("(all)")]


def _priced(counted: Usage) -> tuple[int, int, Any]:
    return counted.input_tokens, counted.output_tokens, pytest.approx(_cost(counted))


def _cost(counted: Usage) -> float:
    """What the endpoint's own count comes to, at 2 for a million tokens of input and 8 of output."""
    return (2 * counted.input_tokens + 8 * counted.output_tokens) / 1_000_000


def _costs(usage: dict[str, Any]) -> tuple[int, int, float]:
    return usage["input_tokens"], usage["output_tokens"], usage["cost"]


async def _answered_and_launched(installation: Installation, command: Command, employee: str) -> tuple[str, str]:
    """The ids of a Mission and its Task."""
    made = (await command("create", "Inspect this host", "--employee", employee, "--json")).json
    [request] = made["open_requests"]
    assert (made["state"], made["tasks"], request["question"]["kind"]) == ("Draft", [], "information")
    shown = await command("show", made["id"])
    assert f'  missions reply {short_id(request["run_id"])} "your answer"' in shown.stdout
    assert (await command("reply", made["id"], "every day at 02:00")).code == 0
    await installation.asked(request["run_id"])
    over = await command("reply", short_id(request["run_id"]), "--approve", "--json")
    assert over.json["answer"]["decision"] == "launch"
    assert "Over: Completed" in (await command("watch", request["run_id"])).stdout
    active = (await command("show", made["id"], "--json")).json
    assert active["state"] == "Active"
    return made["id"], active["tasks"][0]["name"]


async def test_the_times_that_are_shown_are_those_that_prefect_has_scheduled(
    installation: Installation, command: Command
) -> None:
    goal = "Inspect this host every 15 minutes"
    made = (await command("create", goal, "--launch", "--timezone", "America/New_York", "--json")).json
    shown = {datetime.fromisoformat(at).astimezone(UTC) for at in made["tasks"][0]["next"]}
    assert len(shown) == 3
    async with asyncio.timeout(60):  # the scheduler comes by every few seconds
        while not shown <= await scheduled(installation, made["id"]):
            await asyncio.sleep(0.3)


async def scheduled(installation: Installation, mission_id: str) -> set[datetime | None]:
    """When Prefect starts the Mission's runs that it has laid ahead, begun ones too: a quarter of an hour may just have come."""
    async with installation.client() as client:
        found = await find_task_runs(mission_id, client)
    return {flow_run.expected_start_time for flow_run in found}


async def test_a_plan_is_shown_as_a_page_as_yaml_and_as_a_file_for_prefect(command: Command) -> None:
    made = (await command("create", "Inspect this host every day at 02:00", "--launch", "--json")).json
    page, as_yaml, for_prefect = [
        (await command("plan", made["id"], "--output", kind)).stdout for kind in ("page", "yaml", "prefect-yaml")
    ]
    assert page.startswith("# Plan 1: ")
    assert "cron: 0 2 * * *" in as_yaml
    assert "entrypoint: flows.run_task.run_task" in for_prefect
    assert (await command("plan", made["id"], "--json")).json["digest"] == made["plan_digest"]
    assert (await command("plan", made["id"], "--version", "9")).code == 2


async def test_an_approved_run_is_followed_to_its_report(installation: Installation, command: Command, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        mission = await installation.launch(task(), employee=employee)
        run_id = (await command("run", mission.id, "wo", "--json")).json["id"]
        request = await installation.asked(run_id)
        assert f"missions reply {short_id(run_id)} --approve" in (await command("inbox")).stdout
        assert run_id in [one["run_id"] for one in (await command("inbox", "--json")).json["open_requests"]]
        refused = await command("run", mission.id, "work", "--wait")
        assert (refused.code, "The run did not start: Task 'work' is busy" in refused.stderr) == (1, True)
        unclear = await command("reply", short_id(run_id), "sure but not on prod")
        assert (unclear.code, "has more in it than a yes" in unclear.stderr) == (2, True)
        assert (await command("reply", short_id(run_id), "--choice", "launch")).code == 2
        said = (await command("reply", short_id(run_id), "Yes, go ahead!")).stdout
        assert said == f"{request.title} — Read as: approve. The run goes on.\n"
        await installation.ended(run_id)
        late = await command("reply", short_id(run_id), "--reject")
    assert (late.code, "was answered already: approve" in late.stderr) == (2, True)
    watched = (await command("watch", short_id(run_id))).stdout
    assert "counter.count: done" in watched
    assert watched.splitlines()[-1].startswith("Over: Completed")
    assert "Looked at it." in (await command("report", short_id(run_id))).stdout
    [listed] = (await command("reports", mission.id, "--json")).json["runs"]
    assert listed["id"] == run_id
    runs = (await command("runs", mission.id, "--json")).json
    assert [run["state"] for run in runs["runs"]] == ["Success"]
    assert ["busy" in fire["reason"] for fire in runs["skipped"]] == [True]
    assert counter.counts() == ["one"]


async def test_a_choice_is_answered_by_number_and_an_anomaly_by_a_decision(installation: Installation, command: Command) -> None:
    turns = [asks("choice", options=["sda", "sdb"]), asks("anomaly"), DONE]
    async with scripted_model(turns) as model:
        run_id = await installation.start(
            await installation.launch(task(), employee=await installation.employ(model_url=model.url))
        )
        await installation.asked(run_id)
        wrong = await command("reply", run_id, "--choice", "sdx")
        assert (wrong.code, "'sdx' is none of the options: 1: 'sda'; 2: 'sdb'." in wrong.stderr) == (2, True)
        assert (await command("reply", run_id, "--choice", "2", "--json")).json["answer"]["choice"] == "sdb"
        await installation.asked(run_id)
        assert (await command("reply", run_id, "--approve")).code == 2
        assert (await command("reply", run_id, "--choice", "continue")).code == 0
        record = await installation.ended(run_id)
    assert record.state is RunState.SUCCESS


async def test_a_waiting_run_that_is_cancelled_ends_with_a_report(installation: Installation, command: Command) -> None:
    async with scripted_model([asks("information"), DONE]) as model:
        mission = await installation.launch(task(), employee=await installation.employ(model_url=model.url))
        run_id = await installation.start(mission)
        await installation.asked(run_id)
        cancelled = await command("cancel", short_id(run_id), "--json")
    assert (cancelled.code, cancelled.json["state"]) == (0, "Cancelled")
    again = await command("cancel", short_id(run_id))
    assert (again.code, "can't be cancelled: it is Cancelled" in again.stderr) == (2, True)
    assert (await command("report", short_id(run_id))).code == 0


async def test_a_failed_run_ends_the_waiting_command_with_code_one(installation: Installation, command: Command) -> None:
    async with scripted_model([]) as model:
        mission = await installation.launch(task(), employee=await installation.employ(model_url=model.url))
        failed = await command("run", mission.id, "work", "--wait")
    assert failed.code == 1
    assert failed.stdout.startswith("Failed: ")


async def test_a_creation_whose_model_does_not_answer_leaves_a_draft_and_says_so(
    installation: Installation, command: Command
) -> None:
    async with scripted_model([]) as model:
        employee = await installation.employ(model_url=model.url)
        failed = await command("create", "Inspect this host every day at 02:00", "--employee", employee, "--launch")
    assert (failed.code, failed.stdout) == (1, "")
    assert "is kept as a Draft without a launched plan; nothing runs." in failed.stderr

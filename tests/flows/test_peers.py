"""Peers that nobody here wrote: any OpenAI-compatible endpoint, any MCP server, added by the command and then used."""

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from blocks.digital_employee import DigitalEmployee
from blueprint.mission import Mission, MissionState
from blueprint.records import RunState
from blueprint.requests import Decision, InformationQuestion, ReviewQuestion
from blueprint.stream import Outcome, Returned
from flows.naming import mission_id_for
from flows.people.replying import Reply, reply
from flows.starting import start
from tests.fakes.installation import RUN_SECONDS, Installation, task
from tests.fakes.model_server import ScriptedModel, answers, calls, says, scripted_model

GOAL = "Look after the load"
LOOK = {"name": "look", "title": "Look", "instructions": "Look.", "trigger": {"kind": "manual"}, "tools": ["host.load"]}
PLAN = answers({"title": "Load", "goal": GOAL, "timezone": "UTC", "tasks": [LOOK]})
ASKS = answers({"understanding": "The load.", "questions": ["When?"], "timezone": ""})
UNDERSTOOD = answers({"understanding": "The load, when asked.", "questions": [], "timezone": ""})
LOAD = calls(("host__load", {}), text="I look at the load.")
READY = says("ready")
DONE = calls(("conclude", {"summary": "Looked at all of it.", "findings": []}))


async def _employee(here: Installation, model: ScriptedModel, *servers: str) -> str:
    """A Digital Employee whose model the command has added, by its base URL; gives its name."""
    name = f"peer-{uuid4().hex[:8]}"
    with here.chosen():
        await DigitalEmployee(title=name, role="You test.", model="rehearsal", servers=list(servers)).asave(name)
    line = ("model", "add", name, "--base-url", model.url, "--model", "scripted", "--employee", name, "--json")
    added = await here.command(*line)
    assert added.code == 0, added.stderr
    return name


async def _created(here: Installation, employee: str) -> Mission:
    """The Mission that is made of GOAL, with a person who answers its question and launches the plan."""
    async with here.store() as store, here.client() as client:
        run_id = await start(client, "create/create", {"goal": GOAL, "timezone": "UTC", "employee": employee})
        asked = await here.asked(run_id)
        assert isinstance(asked.question, InformationQuestion)
        await reply(store, run_id, Reply(answers=("When I ask.",)), by="test", key=asked.key)
        shown = await here.asked(run_id)
        assert isinstance(shown.question, ReviewQuestion)
        await reply(store, run_id, Reply(decision=Decision.LAUNCH), by="test", key=shown.key)
        async with asyncio.timeout(RUN_SECONDS):
            while (mission := await store.missions.get(mission_id_for(GOAL, run_id))).state is not MissionState.ACTIVE:
                await asyncio.sleep(0.1)
        return mission


async def test_a_goal_becomes_a_report_with_an_endpoint_that_only_its_base_url_chose(installation: Installation) -> None:
    async with scripted_model([READY, ASKS, UNDERSTOOD, PLAN, LOAD, DONE]) as model:
        mission = await _created(installation, await _employee(installation, model, "host"))
        record = await installation.ended(await installation.start(mission, "look"))
    assert (mission.state, mission.title) == (MissionState.ACTIVE, "Load")
    assert (record.state, len(model.turns)) == (RunState.SUCCESS, 0)
    assert "Looked at all of it." in (installation.home / record.report_path).read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit and one staged file."""
    for line in ("init -q", "config user.name Test", "config user.email test@localhost", "commit -q --allow-empty -m first"):
        _git(tmp_path, *line.split())
    (tmp_path / "notes.txt").write_text("staged")
    _git(tmp_path, "add", "notes.txt")
    return tmp_path


@pytest.mark.parametrize(("decision", "commits"), [(Decision.APPROVE, ["second", "first"]), (Decision.REJECT, ["first"])])
async def test_a_git_server_added_by_the_command_reads_freely_and_commits_only_when_approved(
    installation: Installation, repository: Path, decision: Decision, commits: list[str]
) -> None:
    where = {"repo_path": str(repository)}
    look, commit = calls(("git__git_status", where)), calls(("git__git_commit", {**where, "message": "second"}))
    async with scripted_model([READY, look, commit, DONE]) as model, installation.store() as store:
        employee = await _employee(installation, model)
        rules = await _add_git(installation, employee, repository)
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        asked = await installation.asked(run_id)
        assert _subjects(repository) == ["first"]
        await reply(store, run_id, Reply(decision=decision), by="test", key=asked.key)
        record = await installation.ended(run_id)
        made = [entry.event for entry in await store.journal.read(run_id) if isinstance(entry.event, Returned)]
    assert (rules["git.git_status"], rules["git.git_log"], rules["git.git_commit"]) == ("auto", "auto", "ask")
    assert (record.state, _subjects(repository)) == (RunState.SUCCESS, commits)
    assert [event.outcome for event in made] == [Outcome.DONE, Outcome.DONE if decision is Decision.APPROVE else Outcome.NOT_DONE]


async def _add_git(here: Installation, employee: str, repository: Path) -> dict[str, str]:
    """Add the git server, that package's own program, for one employee; gives the rule of each tool."""
    program = shlex.join([sys.executable, "-m", "mcp_server_git", "--repository", str(repository)])
    added = await here.command("tools", "add", "git", "--command", program, "--employee", employee, "--json")
    assert added.code == 0, added.stderr
    return {row["tool"]: row["rule"] for row in added.json["tools"]}


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def _subjects(repository: Path) -> list[str]:
    return _git(repository, "log", "--format=%s").split()

"""`missions replay` on a run that was really made: a tool server's question, a person's answer, and a rule that changed since."""

import sys
from pathlib import Path

from blocks.loading import load_block
from blocks.mcp_server import McpServer
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import Rule, ToolRule
from blueprint.records import RunState
from blueprint.requests import ChoiceQuestion
from tests.fakes.command import run_here
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, scripted_model

ROOT = Path(__file__).parents[3]
SCRIPT = [
    calls(("old__drop", {"table": "logs"}), text="I drop it."),
    calls(("conclude", {"summary": "Dropped.", "findings": []})),
]


async def test_a_run_whose_tool_server_asked_a_person_replays_the_same_until_a_rule_changes(
    installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = ("-m", "tests.fakes.old_server", str(log))
    server = ToolServerConnection(name="old", server=StdioServer(command=sys.executable, arguments=program, directory=str(ROOT)))
    async with scripted_model(SCRIPT) as model:
        mission = await installation.launch(task(), employee=await installation.employ(model_url=model.url, servers=[server]))
        run = await installation.start(mission)
        await installation.asked(run)
        await reaches(installation, run, "Suspended")
        assert (await run_here(installation, "reply", run, "--approve")).code == 0
        question = (await installation.asked(run)).question
        assert isinstance(question, ChoiceQuestion)
        await reaches(installation, run, "Suspended")
        assert (await run_here(installation, "reply", run, "--choice", "yes")).code == 0
        record = await installation.ended(run)
    assert (record.state, log.read_text()) == (RunState.SUCCESS, "dropped logs\n")

    same = await run_here(installation, "replay", run)
    assert (same.code, same.stdout.splitlines()[-1]) == (0, "No difference.")
    with installation.chosen():
        block = await load_block(McpServer, "old")
        block.rules = [ToolRule(tool="old.drop", rule=Rule.FORBID)]
        await block.asave("old", overwrite=True)
    changed = await run_here(installation, "replay", run, "--json")
    [difference] = changed.json["differences"]
    assert (changed.code, difference["what"], difference["arguments"]) == (1, "old.drop", {"table": "logs"})
    assert (difference["was"], difference["now"]) == ("approved by a person: done", "forbidden")
    assert log.read_text() == "dropped logs\n"

"""Tools that come, go and change in the middle of a run: the model is told, and the policy does not get milder."""

import sys
from pathlib import Path

import pytest

from agent.loop import Brief, work
from agent.tools.offer import Change, Offer
from agent.tools.toolset import Tool, ToolListing
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import ToolTraits
from blueprint.stream import Outcome, Returned
from tests.fakes.model_server import Turn, calls, scripted_model
from tests.fakes.run import MemoryJournal, ProcessEnded, ToldPeople, agent_at_work

BRIEF = Brief(system="You are careful.", task="Look.", step_limit=20, token_budget=100_000)
DONE = calls(("conclude", {"summary": "Done.", "findings": []}))
READS, CHANGES = ToolTraits(read_only=True), ToolTraits(read_only=False, destructive=True)


def _tool(name: str, traits: ToolTraits = READS) -> Tool:
    server, _, own = name.partition(".")
    return Tool(server=server, name=own, wire_name=name.replace(".", "__"), description="", parameters={}, traits=traits)


def test_a_new_list_replaces_the_old_one_and_what_changed_is_told() -> None:
    offer = Offer([_tool("host.load"), _tool("host.disk")], lambda tool: tool.name != "secret")
    change = offer.take(ToolListing(tools=(_tool("host.load"), _tool("host.memory"), _tool("host.secret"))))
    assert change == Change(gone=("host.disk",), new=("host.memory",))
    assert change.words == "The tools of this run have changed. Gone: host.disk; new: host.memory."
    assert [tool.full_name for tool in offer] == ["host.load", "host.memory"]


def test_the_tools_of_a_server_that_can_not_be_asked_stay() -> None:
    offer = Offer([_tool("host.load"), _tool("git.log")])
    assert offer.take(ToolListing(tools=(_tool("git.log"),), failures={"host": "away"})).words == ""
    assert {tool.full_name for tool in offer} == {"host.load", "git.log"}


@pytest.mark.parametrize(("before", "after"), [(CHANGES, READS), (READS, CHANGES)])
def test_a_tool_that_tells_another_story_in_the_same_run_is_not_believed(before: ToolTraits, after: ToolTraits) -> None:
    offer = Offer([_tool("host.restart", before)])
    offer.take(ToolListing(tools=(_tool("host.restart", after),)))
    assert offer[0].traits == ToolTraits()


async def _work(folder: Path, journal: MemoryJournal, server: str, *script: Turn) -> list[Returned]:
    log = folder / "log"
    log.touch()
    arguments = ("-m", f"tests.fakes.{server}_server", *(["--log"] if server == "shifty" else []), str(log))
    connection = ToolServerConnection(name=server, server=StdioServer(command=sys.executable, arguments=arguments))
    async with (
        scripted_model(script) as model,
        agent_at_work(model_url=model.url, servers=[connection], journal=journal, people=ToldPeople()) as agent,
    ):
        async for _ in work(agent, BRIEF):
            pass
    return [event for event in journal.events if isinstance(event, Returned)]


@pytest.mark.parametrize("loudly", [True, False], ids=["and says so", "and says nothing"])
async def test_a_tool_that_is_renamed_in_mid_run_is_found_under_its_new_name(loudly: bool, tmp_path: Path) -> None:
    rename, old, new = (
        calls((f"shifty__{name}", arguments))
        for name, arguments in [("rename", {"loudly": loudly}), ("load", {}), ("load_average", {})]
    )
    results = await _work(tmp_path, MemoryJournal(), "shifty", rename, old, new, DONE)
    told = "\n".join(result.text for result in results[:2])
    assert "The tools of this run have changed. Gone: shifty.load; new: shifty.load_average." in told
    assert (results[1].is_error, results[2].text) == (True, "load 0.5")


async def test_a_server_that_dies_in_each_third_call_costs_an_error_and_the_run_goes_on(tmp_path: Path) -> None:
    results = await _work(tmp_path, MemoryJournal(), "shifty", *[calls(("shifty__shaky", {}))] * 7, DONE)
    assert [result.outcome for result in results] == [Outcome.DONE, Outcome.DONE, Outcome.UNKNOWN] * 2 + [Outcome.DONE]
    assert [result.text for result in results if not result.is_error] == ["fine"] * 5


async def test_a_tool_that_calls_itself_harmless_in_mid_run_is_asked_about(tmp_path: Path) -> None:
    journal = MemoryJournal()
    with pytest.raises(ProcessEnded):
        await _work(tmp_path, journal, "shifty", calls(("shifty__turn", {})), calls(("shifty__restart", {})), DONE)
    assert [event.call.tool for event in journal.events if isinstance(event, Returned)] == ["turn"]


async def test_every_page_of_a_list_is_read_and_a_tool_that_is_announced_later_is_offered(tmp_path: Path) -> None:
    script = [calls(("old__drop", {})), calls(("old__grow", {})), calls(("old__grown", {})), DONE]
    with pytest.raises(ProcessEnded):  # it is not known to be harmless
        await _work(tmp_path, MemoryJournal(), "old", *script)

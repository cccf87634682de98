"""Tool servers as child processes: listed and called, missing, dying, silent, and gone at the end."""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from pydantic import JsonValue, SecretStr

from agent.tools.mcp import HURRIED_SECONDS, McpToolset
from agent.tools.mcp_connection import MAX_STARTS
from agent.tools.toolset import Tool, ToolResult
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import ToolCall, ToolTraits
from blueprint.stream import Outcome
from tests.fakes.counter import Counter, wait_until


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(folder=tmp_path)


@pytest.fixture
async def toolset(counter: Counter) -> AsyncIterator[McpToolset]:
    async with McpToolset([counter.connection()], log_directory=counter.folder / "logs") as toolset:
        yield toolset


async def _call(toolset: McpToolset, tool: str, server: str = "counter", **arguments: JsonValue) -> ToolResult:
    return await toolset.call(ToolCall(id="c00001000", server=server, tool=tool, arguments=arguments))


def _server(name: str, command: str, *arguments: str, seconds: float = 30) -> ToolServerConnection:
    server = StdioServer(command=command, arguments=arguments)
    return ToolServerConnection(name=name, server=server, connect_timeout_seconds=seconds)


async def test_tools_are_listed_with_what_their_server_says_about_them(toolset: McpToolset) -> None:
    listing = await toolset.tools()
    count = next(tool for tool in listing.tools if tool.name == "count")
    assert listing.failures == {}
    assert (count.wire_name, count.full_name) == ("counter__count", "counter.count")
    assert count.traits == ToolTraits(read_only=False, destructive=True, idempotent=False)
    assert list(count.parameters["properties"]) == ["text", "before", "after", "until"]


async def test_a_call_brings_back_text_and_structure(toolset: McpToolset, counter: Counter) -> None:
    await _call(toolset, "count", text="one")
    result = await _call(toolset, "peek")
    assert (result.text, result.structured, result.size) == ('{"lines": ["one"]}', {"lines": ["one"]}, 18)
    assert (result.is_error, result.outcome, counter.counts()) == (False, Outcome.DONE, ["one"])


async def test_servers_that_cannot_start_are_sentences_and_the_others_go_on(counter: Counter, tmp_path: Path) -> None:
    servers = [
        _server("absent", "no-such-command"),
        _server("dies", "false"),
        _server("silent", "sleep", "60", seconds=0.5),
        counter.connection(),
    ]
    async with McpToolset(servers, log_directory=tmp_path) as toolset:
        listing = await toolset.tools()
        refused = await _call(toolset, "x", "absent")
    assert {tool.server for tool in listing.tools} == {"counter"}
    assert listing.failures == {
        "absent": "Tool server 'absent' can't be used: 'no-such-command' was not found; "
        "install it, or correct the command or directory.",
        "dies": f"Tool server 'dies' can't be used: its process 'false' ended at once. Its own words are in {tmp_path}/dies.log.",
        "silent": "Tool server 'silent' can't be used: it did not answer within 0.5 s. "
        f"Its own words are in {tmp_path}/silent.log.",
    }
    assert (refused.is_error, refused.outcome) == (True, Outcome.NOT_DONE)


async def test_a_tool_or_server_that_is_not_there_is_refused_without_asking(toolset: McpToolset, counter: Counter) -> None:
    tool, server = await _call(toolset, "recount"), await _call(toolset, "peek", "calculator")
    assert (tool.outcome, server.outcome, counter.calls()) == (Outcome.NOT_DONE, Outcome.NOT_DONE, [])
    assert "has no tool 'recount'; available: big, count," in tool.text
    assert server.text == "There is no tool server 'calculator'; available: counter."


async def test_a_server_that_dies_in_a_call_leaves_it_unknown_and_is_started_again(toolset: McpToolset) -> None:
    died = await _call(toolset, "crash")
    again = await _call(toolset, "peek")
    assert (died.is_error, died.outcome) == (True, Outcome.UNKNOWN)
    assert died.text == "The connection to tool server 'counter' was lost while 'crash' was at work."
    assert (again.is_error, again.text) == (False, '{"lines": []}')


async def test_a_server_that_dies_as_it_starts_is_started_once_more(counter: Counter, tmp_path: Path) -> None:
    dies_first = 'test -e "$0" && exec "$@"; touch "$0"; exit 1'
    settings = counter.connection()
    assert isinstance(settings.server, StdioServer)
    arguments = ("-c", dies_first, str(tmp_path / "died"), settings.server.command, *settings.server.arguments)
    server = settings.server.model_copy(update={"command": "sh", "arguments": arguments})
    async with McpToolset([settings.model_copy(update={"server": server})]) as toolset:
        listing = await toolset.tools()
    assert (listing.failures, "counter.count" in {tool.full_name for tool in listing.tools}) == ({}, True)


async def test_a_server_that_only_ever_dies_is_left_alone_in_the_end(toolset: McpToolset, counter: Counter) -> None:
    results = [await _call(toolset, "crash") for _ in range(MAX_STARTS + 1)]
    assert len(counter.calls("crash", "start")) == MAX_STARTS
    assert results[-1].outcome is Outcome.NOT_DONE
    assert "was started 5 times without answering a call" in results[-1].text


async def test_a_call_without_an_answer_ends_at_its_deadline(counter: Counter) -> None:
    async with McpToolset([counter.connection(call_seconds=1)]) as toolset:
        result = await _call(toolset, "mute")
        await counter.wait_for("mute", "cancelled")
        after = await _call(toolset, "peek")
    assert (result.outcome, result.text) == (Outcome.UNKNOWN, "counter.mute did not answer within 1 s and was given up.")
    assert after.is_error is False


async def test_cancelling_the_caller_cancels_the_call_at_the_server(toolset: McpToolset, counter: Counter) -> None:
    task = asyncio.create_task(_call(toolset, "mute"))
    await counter.wait_for("mute", "start")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await counter.wait_for("mute", "cancelled")


async def test_garbage_in_the_stream_is_skipped(toolset: McpToolset) -> None:
    result = await _call(toolset, "garbage")
    assert (result.is_error, result.text) == (False, "garbage �and colour")


async def test_a_huge_result_comes_whole_and_once(toolset: McpToolset) -> None:
    result = await _call(toolset, "big", megabytes=3)
    assert (result.size, len(result.text), result.structured) == (3_000_000, 3_000_000, None)


async def test_wrong_answers_become_error_results_with_an_honest_outcome() -> None:
    server = StdioServer(command=sys.executable, arguments=("-m", "tests.fakes.odd_server"), directory=str(Path.cwd()))
    async with McpToolset([ToolServerConnection(name="odd", server=server)]) as toolset:
        listing = await toolset.tools()
        results = {tool.name: await _call(toolset, tool.name, "odd") for tool in listing.tools}
    assert listing.failures == {"odd": "Tool server 'odd' repeats the page 'again'; its list ends there."}
    assert all(result.is_error for result in results.values())
    assert {name: result.outcome for name, result in results.items()} == {
        "shapeless": Outcome.UNKNOWN,
        "breaks_schema": Outcome.DONE,
        "refuses": Outcome.NOT_DONE,
        "fails": Outcome.DONE,
    }


async def test_a_server_gets_its_own_environment_and_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISSIONS_DATABASE_URL", "postgresql://secret")
    seen = tmp_path / "environment"
    script = StdioServer(
        command="sh", arguments=("-c", f"env > {shlex.quote(str(seen))}"), environment={"GIVEN": SecretStr("to it")}
    )
    async with McpToolset([ToolServerConnection(name="nosy", server=script)]) as toolset:
        await toolset.tools()
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert "GIVEN" in names
    assert names <= {
        "GIVEN",
        "HOME",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TERM",
        "USER",
        "MISSIONS_TOOL_SERVER",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    }


async def test_closing_ends_the_whole_process_group(counter: Counter, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    start = shlex.join([sys.executable, *counter.arguments])
    script = f"sleep 300 & echo $! > {shlex.quote(str(pid_file))}; exec {start}"
    async with McpToolset([_server("parent", "sh", "-c", script)]) as toolset:
        assert (await toolset.tools()).failures == {}
        left_behind = psutil.Process(int(pid_file.read_text()))
    assert _is_dead(left_behind)


async def test_a_server_that_does_not_leave_is_killed_with_its_children_at_once_when_the_run_is_cancelled(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    arguments = ("-m", "tests.fakes.stubborn_server", "--log", str(log))

    async def work() -> None:
        async with McpToolset([_server("stubborn", sys.executable, *arguments)]) as toolset:
            await toolset.tools()
            await _call(toolset, "block", server="stubborn")

    run = asyncio.create_task(work())
    await wait_until(lambda: log.exists() and "called" in log.read_text(), 60)
    processes = [psutil.Process(int(line)) for line in log.read_text().splitlines()[:2]]
    run.cancel()
    _, still_closing = await asyncio.wait({run}, timeout=HURRIED_SECONDS + 2)
    assert not still_closing
    assert [_is_dead(process) for process in processes] == [True, True]


async def test_what_a_server_says_on_stderr_is_in_its_log(toolset: McpToolset, counter: Counter) -> None:
    await _call(toolset, "count", wrong=1)
    assert "rejected arguments" in (counter.folder / "logs" / "counter.log").read_text()


async def test_a_git_server_that_nobody_here_wrote_works(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("mcp-server-git"))
    async with McpToolset([_server("git", command)]) as toolset:
        listing = await toolset.tools()
        outside = await _call(toolset, "git_status", "git", repo_path=str(tmp_path))
    by_name: dict[str, Tool] = {tool.name: tool for tool in listing.tools}
    assert by_name["git_status"].traits.is_read_only
    assert by_name["git_reset"].traits == ToolTraits(read_only=False, destructive=True, idempotent=True)
    assert (outside.is_error, outside.outcome) == (True, Outcome.DONE)


def _is_dead(process: psutil.Process) -> bool:
    """A killed orphan may stay a zombie where nothing reaps it, as in a container."""
    try:
        process.wait(timeout=10)
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    return True

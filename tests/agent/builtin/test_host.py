"""The host tools, over their real server: true figures, plain words where something is missing, and a log of calls."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import JsonValue, SecretStr

from agent.tools.mcp import McpToolset
from agent.tools.toolset import ToolResult
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import ToolCall
from blueprint.stream import Outcome

_MEGABYTE = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host")
    (folder / "scratch").mkdir()
    return folder


@pytest.fixture(scope="module")
async def host(folder: Path) -> AsyncIterator[McpToolset]:
    names = {"MISSIONS_SCRATCH": SecretStr(str(folder / "scratch")), "MISSIONS_TOOL_LOG": SecretStr(str(folder / "calls"))}
    async with McpToolset([_connection(names)]) as toolset:
        yield toolset


def _connection(environment: dict[str, SecretStr]) -> ToolServerConnection:
    server = StdioServer(command=sys.executable, arguments=("-m", "agent.builtin.host"), environment=environment)
    return ToolServerConnection(name="host", server=server)


async def _call(host: McpToolset, tool: str, **arguments: JsonValue) -> ToolResult:
    return await host.call(ToolCall(id="c00001000", server="host", tool=tool, arguments=arguments))


async def _read(host: McpToolset, tool: str, **arguments: JsonValue) -> dict[str, Any]:
    result = await _call(host, tool, **arguments)
    assert not result.is_error, result.text
    return cast(dict[str, Any], result.structured)


async def test_only_cleaning_changes_anything_and_it_says_so(host: McpToolset) -> None:
    tools = (await host.tools()).tools
    changing = [tool.name for tool in tools if not tool.traits.is_read_only]
    assert changing == ["clean_scratch"]
    assert not next(tool for tool in tools if tool.name == "clean_scratch").traits.is_repeatable
    assert all(len(tool.description) > 40 for tool in tools)


async def test_disk_figures_are_those_of_df(host: McpToolset) -> None:
    shown = _lines("df", "-B1", "-P", "/")[-1].split()
    root = next(one for one in (await _read(host, "disk_usage"))["filesystems"] if one["mount"] == "/")
    assert root["total_bytes"] == int(shown[1])
    assert root["used_bytes"] == pytest.approx(int(shown[2]), abs=64 * _MEGABYTE)
    assert root["available_bytes"] == pytest.approx(int(shown[3]), abs=64 * _MEGABYTE)
    assert abs(root["used_percent"] - int(shown[4].rstrip("%"))) <= 1


async def test_memory_figures_are_those_of_the_kernel(host: McpToolset) -> None:
    shown = _meminfo()
    memory = await _read(host, "memory")
    assert memory["total_bytes"] == shown["MemTotal"]
    assert memory["available_bytes"] == pytest.approx(shown["MemAvailable"], abs=256 * _MEGABYTE)
    assert memory["used_bytes"] == memory["total_bytes"] - memory["available_bytes"]


async def test_load_and_processes_describe_this_machine(host: McpToolset) -> None:
    load, processes = await _read(host, "load"), await _read(host, "processes", sort_by="memory", count=5)
    assert load["processors"] == os.cpu_count()
    sizes = [process["memory_bytes"] for process in processes["top"]]
    assert (len(sizes), sizes) == (5, sorted(sizes, reverse=True))
    assert sum(processes["by_status"].values()) == processes["total"] >= 5


async def test_what_a_host_does_not_have_is_said_and_not_an_error(host: McpToolset) -> None:
    services, errors = await _read(host, "failed_services"), await _read(host, "recent_errors", minutes=5)
    assert services["is_known"] or services["note"].startswith("Services can't be checked on this host: ")
    assert errors["is_known"] or errors["note"].startswith("No system journal can be read on this host: ")


async def test_a_path_that_is_not_there_is_said(host: McpToolset) -> None:
    assert (await _read(host, "disk_usage", path="/no/such"))["note"] == "'/no/such' does not exist."


async def test_each_call_is_logged_at_its_start_and_its_end(host: McpToolset, folder: Path) -> None:
    await _call(host, "scratch_usage", older_than_days=3)
    lines = [json.loads(line) for line in (folder / "calls").read_text().splitlines()][-2:]
    assert [(line["moment"], line["tool"], line["arguments"]) for line in lines] == [
        ("start", "scratch_usage", {"older_than_days": 3}),
        ("end", "scratch_usage", {"older_than_days": 3}),
    ]
    assert lines[0]["call"] == lines[1]["call"]


async def test_cleaning_moves_old_files_and_says_where_to(host: McpToolset, folder: Path) -> None:
    old = folder / "scratch" / "old.log"
    old.write_text("x" * 100)
    os.utime(old, (0, 0))
    result = await _read(host, "clean_scratch", older_than_days=30)
    assert (result["moved_files"], result["moved_bytes"], old.exists()) == (1, 100, False)
    assert (Path(result["moved_to"]) / "old.log").read_text() == "x" * 100


async def test_without_a_scratch_directory_cleaning_is_an_error_that_says_what_to_set() -> None:
    async with McpToolset([_connection({})]) as host:
        usage, cleaning = await _read(host, "scratch_usage"), await _call(host, "clean_scratch", older_than_days=1)
    assert usage["note"] == "No scratch directory is set (MISSIONS_SCRATCH)."
    assert (cleaning.is_error, cleaning.outcome) == (True, Outcome.DONE)
    assert "set MISSIONS_SCRATCH for this tool server" in cleaning.text


def _meminfo() -> dict[str, int]:
    """The kernel's figures, in bytes."""
    lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    return {name.rstrip(":"): int(size) * 1024 for name, size, *_ in lines}


def _lines(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    return done.stdout.splitlines()

"""Tool servers behind a URL: streamable HTTP and SSE, down, restarted, refusing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from pydantic import JsonValue, SecretStr

from agent.tools.mcp import McpToolset
from agent.tools.toolset import ToolResult
from blueprint.connections import HttpServer, ToolServerConnection
from blueprint.policy import ToolCall
from blueprint.stream import Outcome
from deployments.local.ports import free_port
from tests.fakes.counter import Counter
from tests.fakes.serving import program


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(folder=tmp_path)


@asynccontextmanager
async def _running(counter: Counter, port: int, option: str = "--http") -> AsyncGenerator[None]:
    """The counter server on `port`; killed at the end, as in an outage."""
    with (counter.folder / "server.err").open("ab") as errors:
        async with program(*counter.arguments, option, str(port), port=port, errors=errors.fileno()):
            yield


def _toolset(port: int, *, path: str = "/mcp", transport: Literal["http", "sse"] = "http") -> McpToolset:
    server = HttpServer(transport=transport, url=f"http://127.0.0.1:{port}{path}", headers={"X-Key": SecretStr("k")})
    return McpToolset([ToolServerConnection(name="far", server=server, call_timeout_seconds=10)])


async def _call(toolset: McpToolset, tool: str, **arguments: JsonValue) -> ToolResult:
    return await toolset.call(ToolCall(id="c00001000", server="far", tool=tool, arguments=arguments))


async def test_a_call_over_streamable_http_is_made_and_answered(counter: Counter, port: int) -> None:
    async with _running(counter, port), _toolset(port) as toolset:
        result = await _call(toolset, "count", text="far away")
    assert (result.text, counter.counts()) == ("counted far away", ["far away"])


async def test_a_call_over_sse_is_made_and_answered(counter: Counter, port: int) -> None:
    async with _running(counter, port, "--sse"), _toolset(port, path="/sse", transport="sse") as toolset:
        result = await _call(toolset, "count", text="far away")
    assert (result.text, counter.counts()) == ("counted far away", ["far away"])


async def test_an_outage_fails_one_call_and_the_next_finds_the_server_again(counter: Counter, port: int) -> None:
    async with _toolset(port) as toolset:
        async with _running(counter, port):
            await _call(toolset, "count", text="before")
        down = await _call(toolset, "count", text="meanwhile")
        async with _running(counter, port):
            await _call(toolset, "count", text="after")
    assert (down.is_error, down.outcome) == (True, Outcome.NOT_DONE)
    assert down.text == "far.count failed: ConnectError: All connection attempts failed"
    assert counter.counts() == ["before", "after"]


async def test_a_server_that_dies_in_a_call_leaves_it_unknown(counter: Counter, port: int) -> None:
    async with _running(counter, port), _toolset(port) as toolset:
        result = await _call(toolset, "crash")
    assert (result.is_error, result.outcome) == (True, Outcome.UNKNOWN)


async def test_a_server_that_is_down_is_a_sentence(port: int) -> None:
    async with _toolset(port) as toolset:
        listing = await toolset.tools()
    assert listing.failures == {
        "far": f"Tool server 'far' at 127.0.0.1:{port} can't be used: ConnectError: All connection attempts failed."
    }


async def test_a_wrong_path_names_the_http_status(counter: Counter, port: int) -> None:
    async with _running(counter, port), _toolset(port, path="/nowhere") as toolset:
        listing = await toolset.tools()
    assert listing.failures == {"far": f"Tool server 'far' at 127.0.0.1:{port} can't be used: HTTP 404 Not Found: Not Found."}

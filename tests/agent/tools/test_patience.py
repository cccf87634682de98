"""A run in progress waits a little for a tool server that is away, and goes on without it when it stays away."""

from pathlib import Path

from agent.tools.mcp import McpToolset
from agent.tools.patience import listed_patiently
from blueprint.connections import StdioServer, ToolServerConnection
from tests.fakes.counter import Counter

DIES_TWICE = 'n=$(cat "$0" 2>/dev/null || echo 0); echo $((n + 1)) >"$0"; [ "$n" -ge 2 ] || exit 1; exec "$@"'


def _dying(counter: Counter, starts: Path) -> ToolServerConnection:
    settings = counter.connection()
    assert isinstance(settings.server, StdioServer)
    arguments = ("-c", DIES_TWICE, str(starts), settings.server.command, *settings.server.arguments)
    return settings.model_copy(update={"server": settings.server.model_copy(update={"command": "sh", "arguments": arguments})})


async def test_a_server_that_comes_back_has_its_tools_listed(tmp_path: Path) -> None:
    async with McpToolset([_dying(Counter(folder=tmp_path), tmp_path / "starts")]) as toolset:
        listing = await listed_patiently(toolset)
    assert listing.failures == {}
    assert (tmp_path / "starts").read_text() == "3\n"
    assert "counter.count" in {tool.full_name for tool in listing.tools}


async def test_the_others_go_on_without_a_server_that_stays_away(tmp_path: Path) -> None:
    gone = ToolServerConnection(name="gone", server=StdioServer(command="/no/such/server"))
    async with McpToolset([gone, Counter(folder=tmp_path).connection()]) as toolset:
        listing = await listed_patiently(toolset)
    assert list(listing.failures) == ["gone"]
    assert "counter.count" in {tool.full_name for tool in listing.tools}

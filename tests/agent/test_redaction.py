"""Which values count as secrets, and that none of them is left in what comes back (R9.1)."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from agent.redaction import MARK, Redaction
from agent.tools.mcp_log import kept_log
from agent.tools.redacted import Redacted
from agent.tools.toolset import Tool, ToolListing, ToolResult, Toolset
from blueprint.connections import HttpServer, ModelConnection, StdioServer, ToolServerConnection
from blueprint.policy import ToolCall

PASSWORD = 'pa55/w"o rd+ä'
CALL = ToolCall(id="c00001000", server="it", tool="tell", arguments={})


def _of(**environment: str) -> Redaction:
    server = StdioServer(command="it", environment={name: SecretStr(value) for name, value in environment.items()})
    return Redaction.of([ToolServerConnection(name="it", server=server)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "ghp_abc123"),
        ("DB_PASS", "/looks/like/a/path"),
        ("PGPASSWORD", "hunter"),
        ("WHATEVER", "9f8a7c6b5d4e3f2a"),
        ("ANYTHING", "correcthorsebatterystaple"),
        ("MANY_LINES", "-----BEGIN KEY-----\nMIIEvQIBADANBg"),
    ],
)
def test_what_is_no_plain_setting_is_taken_out(name: str, value: str) -> None:
    assert _of(**{name: value}).text(f"it is <{value}>.") == f"it is <{MARK}>."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MISSIONS_SCRATCH", "/var/lib/missions/scratch"),
        ("AWS_REGION", "us-east-1"),
        ("LOG_LEVEL", "INFO"),
        ("PORT", "8080"),
        ("BIND", "127.0.0.1:8080"),
        ("API", "https://example.com/v1"),
        ("TOKEN_TTL", "3600"),
        ("PAGER", ""),
    ],
)
def test_a_plain_setting_stays_readable(name: str, value: str) -> None:
    assert _of(**{name: value}).text(f"it is {value}.") == f"it is {value}."


def test_keys_headers_and_passwords_in_urls_are_secrets_each_part_by_itself() -> None:
    headers = {"Authorization": SecretStr("Bearer abcdef123456"), "Accept": SecretStr("application/json")}
    server = HttpServer(url="https://user:s3cret-pw@example.com/mcp", headers=headers)
    model = ModelConnection(name="m", base_url="https://u:m0del-pw@example.com/v1", model="m", api_key=SecretStr("sk-123456"))
    redaction = Redaction.of([ToolServerConnection(name="it", server=server)], model)
    text = "abcdef123456 | Bearer abcdef123456 | application/json | s3cret-pw | m0del-pw | sk-123456"
    assert redaction.text(text) == f"{MARK} | {MARK} | application/json | {MARK} | {MARK} | {MARK}"
    assert "sk-123456" not in repr(redaction)


def test_a_database_url_keeps_neither_its_password_nor_itself() -> None:
    redaction = _of(DATABASE="postgresql://me:p4ssw0rd@db/app")
    assert redaction.text("p4ssw0rd; postgresql://me:p4ssw0rd@db/app") == f"{MARK}; {MARK}"


@pytest.mark.parametrize(
    "spelled", [PASSWORD, json.dumps(PASSWORD), json.dumps(PASSWORD, ensure_ascii=False), "pa55%2Fw%22o%20rd%2B%C3%A4"]
)
def test_a_secret_is_found_as_json_and_urls_spell_it_too(spelled: str) -> None:
    assert "pa55" not in _of(PASSWORD=PASSWORD).text(f"x {spelled} y")


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert _of(A_TOKEN="abcdef", B_TOKEN="abcdefgh12").text("abcdefgh12 abcdef") == f"{MARK} {MARK}"


@given(some.text(min_size=6), some.text(), some.text())
def test_no_secret_that_has_a_name_is_left_in_any_text(secret: str, before: str, after: str) -> None:
    secret = secret.strip()
    left = _of(TOKEN=secret).text(before + secret + after)
    assert len(secret) < 6 or secret not in left.replace(MARK, "\0")


def test_without_secrets_nothing_is_touched() -> None:
    assert Redaction().text("••• as it was") == "••• as it was"
    assert Redaction().json({"a": [1, None, "b"]}) == {"a": [1, None, "b"]}


class _Talker(Toolset):
    async def tools(self) -> ToolListing:
        tool = Tool(
            server="it",
            name="tell",
            wire_name="it__tell",
            description="Uses s3cr3t-1234.",
            parameters={"type": "object", "properties": {"key": {"default": "s3cr3t-1234"}}},
        )
        return ToolListing(tools=(tool,), failures={"other": "refused s3cr3t-1234"})

    async def call(self, call: ToolCall) -> ToolResult:
        return ToolResult(text="s3cr3t-1234", structured={"s3cr3t-1234": ["is s3cr3t-1234", 7]}, is_error=True, size=11)


async def test_results_errors_descriptions_and_failures_of_tools_are_redacted() -> None:
    toolset = Redacted(inner=_Talker(), redaction=_of(TOKEN="s3cr3t-1234"))
    listing, result = await toolset.tools(), await toolset.call(CALL)
    assert (result.text, result.structured, result.is_error) == (MARK, {MARK: [f"is {MARK}", 7]}, True)
    assert "s3cr3t" not in repr(listing)


class _Chatty(Toolset):
    async def tools(self) -> ToolListing:
        return ToolListing(tools=())

    async def call(self, call: ToolCall) -> ToolResult:
        return ToolResult(text="x" * 4_000_000, structured={"result": "x" * 4_000_000}, size=4_000_000)


async def test_other_work_goes_on_while_a_large_result_is_redacted() -> None:
    redacted = Redacted(inner=_Chatty(), redaction=_of(TOKEN="s3cr3t-1234"))
    call, times = asyncio.create_task(redacted.call(CALL)), 0
    while not call.done():
        await asyncio.sleep(0)
        times += 1
    assert len(call.result().text) == 4_000_000
    assert times > 10, "the run gave no sign of life meanwhile"


async def test_a_servers_own_log_is_kept_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "tools" / "it.log"
    async with kept_log(path, _of(TOKEN="s3cr3t-1234")) as stderr:
        await asyncio.to_thread(stderr.write, "starting with s3cr3t-1234\n" + "x" * 200_000 + "\nlast words s3cr3t-1234")
    lines = path.read_text().splitlines()
    assert (lines[0], len(lines[1]), lines[2]) == (f"starting with {MARK}", 200_000, f"last words {MARK}")

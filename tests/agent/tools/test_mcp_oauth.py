"""Tool servers behind OAuth: by credentials of our own, by a person's login, and what happens when it ends."""

import asyncio
import json
from collections.abc import AsyncGenerator
from functools import partial

import pytest

from agent.redaction import Redaction
from agent.tools.mcp import McpToolset
from agent.tools.mcp_oauth import authentication, new_login
from agent.tools.redacted import Redacted
from agent.tools.toolset import ToolResult, Toolset
from blueprint.connections import ToolLogin
from blueprint.policy import ToolCall
from blueprint.stream import Outcome
from tests.fakes.guarded import Guarded, MemoryLogins, Person, guarded_server
from tests.fakes.oauth_server import CLIENT_ID


@pytest.fixture(scope="module")
async def running() -> AsyncGenerator[Guarded]:
    async with guarded_server() as server:
        yield server


@pytest.fixture
async def guarded(running: Guarded) -> Guarded:
    await running.do("reset")
    return running


async def _whoami(toolset: Toolset) -> ToolResult:
    return await toolset.call(ToolCall(id="c00001000", server="far", tool="whoami", arguments={}))


async def _logged_in(guarded: Guarded) -> MemoryLogins:
    """A person has let us in."""
    kept: list[ToolLogin] = []
    async with McpToolset([guarded.connection()], authenticate=partial(new_login, visit=Person(), keep=kept.append)) as toolset:
        assert (await toolset.tools()).failures == {}
    return MemoryLogins(kept={"far": kept[-1]})


def _toolset(guarded: Guarded, logins: MemoryLogins) -> McpToolset:
    return McpToolset([guarded.connection()], authenticate=partial(authentication, logins=logins))


def _access(logins: MemoryLogins) -> str:
    return json.loads(logins.kept["far"].tokens.get_secret_value())["access_token"]


async def test_a_server_is_used_with_client_credentials_and_again_when_the_token_has_ended(guarded: Guarded) -> None:
    async with McpToolset([guarded.connection(guarded.credentials())]) as toolset:
        first = await _whoami(toolset)
        await guarded.do("expire")
        second = await _whoami(toolset)
    assert (first.is_error, second.is_error) == (False, False)
    assert second.text.startswith(f"{CLIENT_ID} with ")
    assert await guarded.seen() == ["client_credentials", "client_credentials"]


async def test_wrong_credentials_are_a_sentence_without_the_secret(guarded: Guarded) -> None:
    async with McpToolset([guarded.connection(guarded.credentials("sk-oauth-wrong-9876543210"))]) as toolset:
        listing = await toolset.tools()
    assert "can't be used: Token exchange failed (401)" in listing.failures["far"]
    assert "9876543210" not in listing.failures["far"]


async def test_a_person_logs_in_once_and_later_processes_use_the_login(guarded: Guarded) -> None:
    logins = await _logged_in(guarded)
    async with _toolset(guarded, logins) as toolset:
        result = await _whoami(toolset)
    assert result.text == f"client-1 with {_access(logins)}"
    assert await guarded.seen() == ["register", "authorization_code"]


async def test_a_token_that_has_ended_is_renewed_without_a_person(guarded: Guarded) -> None:
    logins = await _logged_in(guarded)
    async with _toolset(guarded, logins) as toolset:
        await _whoami(toolset)
        await guarded.do("expire")
        in_the_run = await _whoami(toolset)
    await guarded.do("expire")
    async with _toolset(guarded, logins) as toolset:
        in_the_next = await _whoami(toolset)
    assert (in_the_run.is_error, in_the_next.is_error) == (False, False)
    assert (await guarded.seen())[2:] == ["refresh_token", "refresh_token"]


async def test_processes_that_find_the_token_ended_at_once_renew_it_once(guarded: Guarded) -> None:
    logins = await _logged_in(guarded)
    async with _toolset(guarded, logins) as one, _toolset(guarded, logins) as two, _toolset(guarded, logins) as three:
        await asyncio.gather(*(_whoami(toolset) for toolset in (one, two, three)))
        await guarded.do("expire")
        results = await asyncio.gather(*(_whoami(toolset) for toolset in (one, two, three)))
    assert {result.text for result in results} == {f"client-1 with {_access(logins)}"}
    assert (await guarded.seen())[2:] == ["refresh_token"]


async def test_a_login_that_was_revoked_fails_the_call_unmade_and_names_the_command(guarded: Guarded) -> None:
    logins = await _logged_in(guarded)
    async with _toolset(guarded, logins) as toolset:
        await _whoami(toolset)
        await guarded.do("revoke")
        result = await _whoami(toolset)
        logins.kept |= (await _logged_in(guarded)).kept
        after = await _whoami(toolset)
    assert (result.is_error, result.outcome) == (True, Outcome.NOT_DONE)
    assert result.text == (
        "far.whoami failed: its login has ended (HTTP 400 when it was to be renewed); "
        "a person has to log in with `missions tools login far`"
    )
    assert not after.is_error, "a new login serves the run that goes on"


async def test_an_authorisation_server_that_is_down_ends_no_login(guarded: Guarded) -> None:
    logins = await _logged_in(guarded)
    async with _toolset(guarded, logins) as toolset:
        await _whoami(toolset)
        for how in ("expire", "break"):
            await guarded.do(how)
        down = await _whoami(toolset)
        await guarded.do("mend")
        again = await _whoami(toolset)
    assert "can't be renewed just now: the authorisation server answers HTTP 503" in down.text
    assert not again.is_error


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        pytest.param(None, "nobody has logged in to it yet", id="none"),
        pytest.param({"url": "http://127.0.0.1:9/mcp"}, "its login was made for another address", id="another-address"),
        pytest.param({"tokens": "{}"}, "its login can't be read", id="unreadable"),
    ],
)
async def test_a_login_that_can_not_be_used_is_never_sent(guarded: Guarded, kept: dict[str, str] | None, why: str) -> None:
    logins = MemoryLogins()
    if kept is not None:
        login = (await _logged_in(guarded)).kept["far"].model_dump() | kept
        logins.kept["far"] = ToolLogin.model_validate(login)
    before = await guarded.seen()
    async with _toolset(guarded, logins) as toolset:
        listing = await toolset.tools()
    where = guarded.address.removeprefix("http://")
    assert listing.failures["far"] == (
        f"Tool server 'far' at {where} can't be used: {why}; a person has to log in with `missions tools login far`."
    )
    assert await guarded.seen() == before


async def test_a_person_who_is_refused_is_told_why_and_nothing_is_kept(guarded: Guarded) -> None:
    await guarded.do("refuse")
    kept: list[ToolLogin] = []
    async with McpToolset([guarded.connection()], authenticate=partial(new_login, visit=Person(), keep=kept.append)) as toolset:
        listing = await toolset.tools()
    assert "the login was not given: access_denied not on my watch" in listing.failures["far"]
    assert kept == []


async def test_tokens_are_secrets_of_the_run_also_those_that_it_was_given_last(guarded: Guarded) -> None:
    async with _toolset(guarded, await _logged_in(guarded)) as servers:
        redacted = Redacted(inner=servers, redaction=Redaction.of([guarded.connection()], issued=servers.issued))
        first = await _whoami(redacted)
        await guarded.do("expire")
        second = await _whoami(redacted)
    assert (first.text, second.text) == ("client-1 with •••", "client-1 with •••")

"""`missions tools`: which tool servers there are, whether they answer, and how a person logs in to them (R8.1)."""

import shlex
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from prefect.types import SecretDict
from pydantic import SecretStr

from agent.tools.mcp import Authenticate, McpToolset
from agent.tools.mcp_oauth import new_login
from agent.tools.toolset import ToolListing
from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.mcp_server import McpServer
from blueprint.connections import AuthorizationCode, HttpServer, ToolLogin, ToolServerConnection
from blueprint.errors import InvalidInput, ToolServerUnavailable
from blueprint.policy import RiskPolicy, Rule, ToolCall, ToolRule, assess
from flows.command.connections import ForEmployee, checked_name, from_environment
from flows.command.logging_in import LOGIN_SECONDS, local_visit
from flows.command.output import AsJson, command, session, show, show_json, show_table
from flows.tool_logins import BlockLogins, by_login

tools = typer.Typer(help="MCP tool servers.", no_args_is_help=True)


class Transport(StrEnum):
    """How a tool server is reached by URL."""

    HTTP = "http"
    SSE = "sse"


class OAuth(StrEnum):
    """How a server behind OAuth lets us in."""

    NONE = "none"
    CLIENT_CREDENTIALS = "client-credentials"
    AUTHORIZATION_CODE = "authorization-code"


@tools.command("add")
@command
async def add_tools(
    name: str,
    program: Annotated[str, typer.Option("--command", help="For a program: its command line.")] = "",
    url: Annotated[str, typer.Option(help="For a server behind a URL.")] = "",
    transport: Annotated[Transport, typer.Option(help="For a URL: http or sse.")] = Transport.HTTP,
    env: Annotated[list[str] | None, typer.Option(help="Variable that the program gets, by name; may be repeated.")] = None,
    header_env: Annotated[list[str] | None, typer.Option(help="Header=VARIABLE that holds its value; may be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="tool=auto|cautious|ask|forbid; may be repeated.")] = None,
    oauth: Annotated[OAuth, typer.Option(help="For a URL behind OAuth; see docs/tools.md.")] = OAuth.NONE,
    client_id: Annotated[str, typer.Option(help="For OAuth: as whom Missions is known.")] = "",
    client_secret_env: Annotated[str, typer.Option(help="For OAuth: environment variable that holds the client's secret.")] = "",
    issuer: Annotated[str, typer.Option(help="For OAuth by client credentials: the authorisation server's address.")] = "",
    scope: Annotated[str, typer.Option(help="For OAuth: what is asked for; '' for what the server names.")] = "",
    employee: ForEmployee = "default",
    as_json: AsJson = False,
) -> None:
    """Save a tool server after its tools were listed, and let a Digital Employee use it.

    One that wants a person's login is saved as it is; `missions tools login` comes next.
    """
    async with session():
        server = _server(checked_name(name), program, url, transport, env or [], header_env or [], rule or [])
        server.oauth, server.oauth_issuer, server.oauth_scope = oauth.value, issuer, scope
        server.oauth_client_id, server.oauth_client_secret = client_id, SecretStr(from_environment(client_secret_env))
        listing = None if oauth is OAuth.AUTHORIZATION_CODE else await listing_of(_named(server, name), by_login())
        await server.asave(name, overwrite=True)
        if employee:
            digital = await load_block(DigitalEmployee, employee)
            digital.servers = list(dict.fromkeys([*digital.servers, name]))
            await digital.asave(employee, overwrite=True)
    if listing is not None:
        return _show_listing(name, listing, RiskPolicy(rules=tuple(server.rules)), as_json)
    login = f"missions tools login {name}"
    return show_json({"name": name, "next": login}) if as_json else show(f"Tool server {name!r} is saved. Next: {login}")


@tools.command("login")
@command
async def login_to_tools(
    name: str,
    port: Annotated[int, typer.Option(help="Port of this machine that you come back to; 0 for any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the address in a browser of this machine.")] = True,
    as_json: AsJson = False,
) -> None:
    """Let Missions in to a tool server that wants a person's login; the runs renew it by themselves."""
    async with session():
        block = await load_block(McpServer, name)
        connection = _with_login(block.connection())
        made: list[ToolLogin] = []
        async with local_visit(port, opens_browser=browser) as visit:
            listing = await listing_of(connection, partial(new_login, visit=visit, keep=made.append))
        if not made:
            raise ToolServerUnavailable(f"Tool server {name!r} answered without a login; give it OAuth 'none' in its block.")
        await BlockLogins().save(name, made[-1])
    _show_listing(name, listing, RiskPolicy(rules=tuple(block.rules)), as_json)


@tools.command("list")
@command
async def list_tools(as_json: AsJson = False) -> None:
    """List tool servers."""
    async with session():
        found = {name: await load_block(McpServer, name) for name in await block_names(McpServer)}
    said = [
        {"name": name, "transport": block.transport, "address": block.url or shlex.join([block.command, *block.arguments])}
        for name, block in found.items()
    ]
    if as_json:
        return show_json(said)
    return show_table(["NAME", "TRANSPORT", "ADDRESS"], [list(row.values()) for row in said], "No tool servers.")


@tools.command("test")
@command
async def try_tools(name: str, as_json: AsJson = False) -> None:
    """Connect to a tool server and list its tools with what happens to their calls."""
    async with session():
        block = await load_block(McpServer, name)
        listing = await listing_of(block.connection(), by_login())
    _show_listing(name, listing, RiskPolicy(rules=tuple(block.rules)), as_json)


@tools.command("remove")
@command
async def remove_tools(name: str, as_json: AsJson = False) -> None:
    """Remove a tool server, also from the Digital Employees that use it."""
    async with session():
        await load_block(McpServer, name)
        for employee in await block_names(DigitalEmployee):
            digital = await load_block(DigitalEmployee, employee)
            if name in digital.servers:
                digital.servers = [other for other in digital.servers if other != name]
                await digital.asave(employee, overwrite=True)
        await McpServer.adelete(name)
        await BlockLogins().forget(name)
    show_json({"removed": name}) if as_json else show(f"Tool server {name!r} is removed.")


def _server(
    name: str, program: str, url: str, transport: Transport, env: list[str], header_env: list[str], rules: list[str]
) -> McpServer:
    if bool(program) == bool(url):
        raise InvalidInput("Give either --command or --url: a tool server is a program or an address.")
    parts = shlex.split(program)
    headers = dict(_pair(pair, "--header-env") for pair in header_env)
    return McpServer(
        transport="stdio" if program else transport.value,
        command=parts[0] if parts else "",
        arguments=parts[1:],
        environment=SecretDict({variable: from_environment(variable) for variable in env}),
        url=url,
        headers=SecretDict({header: from_environment(variable) for header, variable in headers.items()}),
        rules=[tool_rule(text, server=name) for text in rules],
    )


def tool_rule(text: str, *, server: str = "") -> ToolRule:
    """The rule that `tool=word` says, `server.tool=word` where no server is meant anyway; InvalidInput for anything else."""
    tool, word = _pair(text, "--rule")
    if word not in list(Rule):
        raise InvalidInput(f"{word!r} is no rule for {tool!r}; it is one of: {', '.join(Rule)}.")
    if not server and "." not in tool:
        raise InvalidInput(f"--rule takes server.tool=WORD, got {text!r}: say of which server {tool!r} is.")
    return ToolRule(tool=tool if not server or tool.startswith(f"{server}.") else f"{server}.{tool}", rule=Rule(word))


def _pair(text: str, option: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise InvalidInput(f"{option} takes NAME=VALUE, got {text!r}.")
    return left, right


def _named(server: McpServer, name: str) -> ToolServerConnection:
    return server.connection().model_copy(update={"name": name})


def _with_login(connection: ToolServerConnection) -> ToolServerConnection:
    """The connection with time for a person; InvalidInput when it takes no login."""
    server = connection.server
    if not (isinstance(server, HttpServer) and isinstance(server.oauth, AuthorizationCode)):
        raise InvalidInput(f"Tool server {connection.name!r} has OAuth 'none' or credentials of its own: it takes no login.")
    return connection.model_copy(update={"connect_timeout_seconds": connection.connect_timeout_seconds + LOGIN_SECONDS})


async def listing_of(connection: ToolServerConnection, authenticate: Authenticate) -> ToolListing:
    """What a tool server offers; ToolServerUnavailable, with its reason, when it does not answer."""
    async with McpToolset([connection], authenticate=authenticate) as server:
        listing = await server.tools()
    if listing.failures:
        raise ToolServerUnavailable(listing.failures[connection.name])
    return listing


def _show_listing(name: str, listing: ToolListing, policy: RiskPolicy, as_json: bool) -> None:
    rows = [
        {"tool": tool.full_name, "rule": verdict.rule.value, "because": verdict.reason}
        for tool in listing.tools
        for verdict in [
            assess([(f"server {name!r}", policy)], ToolCall(id="", server=tool.server, tool=tool.name, arguments={}), tool.traits)
        ]
    ]
    if as_json:
        return show_json({"name": name, "tools": rows})
    return show_table(["TOOL", "RULE", "BECAUSE"], [list(row.values()) for row in rows], "It offers no tools.")

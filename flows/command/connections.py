"""`missions model` and `missions tools`: which models and tool servers there are, and whether they answer (R8.1)."""

import os
import shlex
from enum import StrEnum
from typing import Annotated

import typer
from prefect.types import SecretDict
from pydantic import SecretStr

from agent.model.openai_model import OpenAIModel
from agent.tools.mcp import McpToolset
from agent.tools.toolset import ToolListing
from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blueprint.connections import ToolServerConnection
from blueprint.errors import InvalidInput, ToolServerUnavailable
from blueprint.policy import RiskPolicy, Rule, ToolCall, ToolRule, assess
from blueprint.values import slug
from flows.command.output import AsJson, command, session, show, show_json, show_table

models = typer.Typer(help="Model endpoints.", no_args_is_help=True)
tools = typer.Typer(help="MCP tool servers.", no_args_is_help=True)

ForEmployee = Annotated[str, typer.Option(help="The Digital Employee that uses it from now on; '' for none.")]


class Transport(StrEnum):
    """How a tool server is reached by URL."""

    HTTP = "http"
    SSE = "sse"


@models.command("add")
@command
async def add_model(
    name: str,
    base_url: Annotated[str, typer.Option(help="Where the API is, e.g. https://api.openai.com/v1")],
    model: Annotated[str, typer.Option(help="The model's name, as the endpoint calls it.")],
    api_key_env: Annotated[str, typer.Option(help="Environment variable that holds the API key.")] = "",
    employee: ForEmployee = "default",
    as_json: AsJson = False,
) -> None:
    """Save a model endpoint after it has answered, and let a Digital Employee use it."""
    async with session():
        endpoint = ModelEndpoint(base_url=base_url, model=model, api_key=SecretStr(from_environment(api_key_env)))
        await _answer_of(endpoint, checked_name(name))
        await endpoint.asave(name, overwrite=True)
        if employee:
            digital = await load_block(DigitalEmployee, employee)
            digital.model = name
            await digital.asave(employee, overwrite=True)
    said = {"name": name, "base_url": base_url, "model": model, "used_by": employee}
    show_json(said) if as_json else show(f"Model {name!r} answers and is saved; employee {employee or '-'!r} uses it.")


@models.command("list")
@command
async def list_models(as_json: AsJson = False) -> None:
    """List model endpoints."""
    async with session():
        found = {name: await load_block(ModelEndpoint, name) for name in await block_names(ModelEndpoint)}
    said = [{"name": name, "base_url": block.base_url, "model": block.model} for name, block in found.items()]
    if as_json:
        return show_json(said)
    return show_table(["NAME", "BASE URL", "MODEL"], [list(row.values()) for row in said], "No model endpoints.")


@models.command("test")
@command
async def try_model(name: str, as_json: AsJson = False) -> None:
    """Ask a model for one word."""
    async with session():
        text = await _answer_of(await load_block(ModelEndpoint, name), name)
    show_json({"name": name, "answer": text}) if as_json else show(f"Model {name!r} answers: {text[:200]}")


@models.command("remove")
@command
async def remove_model(name: str, as_json: AsJson = False) -> None:
    """Remove a model endpoint that no Digital Employee uses."""
    async with session():
        await load_block(ModelEndpoint, name)
        for employee in await block_names(DigitalEmployee):
            if (await load_block(DigitalEmployee, employee)).model == name:
                raise InvalidInput(f"Model {name!r} is used by Digital Employee {employee!r}; give that one another model first.")
        await ModelEndpoint.adelete(name)
    show_json({"removed": name}) if as_json else show(f"Model {name!r} is removed.")


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
    employee: ForEmployee = "default",
    as_json: AsJson = False,
) -> None:
    """Save a tool server after its tools were listed, and let a Digital Employee use it."""
    async with session():
        server = _server(checked_name(name), program, url, transport, env or [], header_env or [], rule or [])
        listing = await _listing(_named(server, name))
        await server.asave(name, overwrite=True)
        if employee:
            digital = await load_block(DigitalEmployee, employee)
            digital.servers = list(dict.fromkeys([*digital.servers, name]))
            await digital.asave(employee, overwrite=True)
    _show_listing(name, listing, RiskPolicy(rules=tuple(server.rules)), as_json)


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
        listing = await _listing(block.connection())
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
    show_json({"removed": name}) if as_json else show(f"Tool server {name!r} is removed.")


async def _answer_of(endpoint: ModelEndpoint, name: str) -> str:
    async with OpenAIModel(endpoint.connection().model_copy(update={"name": name})) as model:
        reply = await model.reply([{"role": "user", "content": "Answer with the one word: ready"}])
    return reply.text or reply.reasoning


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
        rules=[_rule(name, text) for text in rules],
    )


def _rule(server: str, text: str) -> ToolRule:
    tool, word = _pair(text, "--rule")
    if word not in list(Rule):
        raise InvalidInput(f"{word!r} is no rule for {tool!r}; it is one of: {', '.join(Rule)}.")
    return ToolRule(tool=tool if tool.startswith(f"{server}.") else f"{server}.{tool}", rule=Rule(word))


def _pair(text: str, option: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise InvalidInput(f"{option} takes NAME=VALUE, got {text!r}.")
    return left, right


def from_environment(variable: str) -> str:
    if variable and not os.environ.get(variable):
        raise InvalidInput(f"The environment variable {variable!r} is not set; export it first. It is never shown.")
    return os.environ[variable] if variable else ""


def checked_name(name: str) -> str:
    if slug(name, fallback="") != name:
        raise InvalidInput(f"{name!r} can't be a name; use lower-case letters, digits and hyphens, e.g. {slug(name)!r}.")
    return name


def _named(server: McpServer, name: str) -> ToolServerConnection:
    return server.connection().model_copy(update={"name": name})


async def _listing(connection: ToolServerConnection) -> ToolListing:
    async with McpToolset([connection]) as server:
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

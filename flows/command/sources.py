"""`missions sources`: who may send events to the gateway (S5, R9.3)."""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import SecretStr, ValidationError

from blocks.event_source import EventSource
from blocks.loading import block_names, load_block
from blueprint.connections import SourceAuthentication, SourceKind
from blueprint.errors import InvalidInput
from blueprint.events import EventMapping
from blueprint.problems import explain
from deployments.local.addresses import read_addresses
from flows.command.connections import checked_name, from_environment
from flows.command.output import AsJson, command, session, show, show_json, show_table
from flows.settings import RunSettings

sources = typer.Typer(help="Sources of events: Alertmanager, Grafana, CloudEvents, any JSON.", no_args_is_help=True)

_TOKEN_BYTES = 32


@sources.command("add")
@command
async def add_source(
    name: str,
    kind: Annotated[SourceKind, typer.Option(help="Which form its events have.")] = "alertmanager",
    authentication: Annotated[SourceAuthentication, typer.Option(help="A bearer token, or a signature.")] = "bearer",
    secret_env: Annotated[
        str, typer.Option(help="Environment variable that holds the token or key; else one is made and shown once.")
    ] = "",
    signature_header: Annotated[str, typer.Option(help="For hmac: the header that holds it.")] = "X-Hub-Signature-256",
    mapping: Annotated[Path | None, typer.Option(help="For json: a YAML file of JSON pointers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let something send events. A token that is made here is shown now and never again."""
    given = from_environment(secret_env)
    secret = given or secrets.token_urlsafe(_TOKEN_BYTES)
    source = await _source(kind, authentication, secret, signature_header, mapping)
    async with session():
        await _require_new(checked_name(name))
        await source.asave(name)
    said = {"name": name, "kind": kind, "authentication": authentication, "url": _url(name)}
    if not given:
        said["secret"] = secret
    if as_json:
        return show_json(said)
    show(f"Source {name!r} may send {kind} events to {said['url']}")
    if not given:
        what = "token" if authentication == "bearer" else "key of its signatures"
        show(f"Its {what}, shown only now: {secret}")
    return None


@sources.command("list")
@command
async def list_sources(as_json: AsJson = False) -> None:
    """List the sources, without their secrets."""
    async with session():
        found = {name: await load_block(EventSource, name) for name in await block_names(EventSource)}
    said = [
        {"name": name, "kind": block.kind, "authentication": block.authentication, "url": _url(name)}
        for name, block in found.items()
    ]
    if as_json:
        return show_json(said)
    return show_table(["NAME", "KIND", "AUTHENTICATION", "URL"], [list(row.values()) for row in said], "No event sources.")


@sources.command("remove")
@command
async def remove_source(name: str, as_json: AsJson = False) -> None:
    """Take nothing more from a source; it is refused after some seconds. What it has sent stays."""
    async with session():
        await load_block(EventSource, name)
        await EventSource.adelete(name)
    show_json({"removed": name}) if as_json else show(f"Source {name!r} is removed.")


async def _source(
    kind: SourceKind, authentication: SourceAuthentication, secret: str, signature_header: str, mapping: Path | None
) -> EventSource:
    if mapping is not None and kind != "json":
        raise InvalidInput(f"A mapping is for --kind json; {kind} events have a form of their own.")
    fields: dict[str, Any] = {"kind": kind, "authentication": authentication, "signature_header": signature_header}
    if mapping is not None:
        fields["mapping"] = await _mapping(mapping)
    try:
        return EventSource(secret=SecretStr(secret), **fields)
    except ValidationError as error:
        wrong = "; ".join(problem["msg"] for problem in error.errors(include_input=False))
        raise InvalidInput(f"The source can't be used: {wrong}. A secret has at least 16 characters.") from None


async def _mapping(file: Path) -> EventMapping:
    try:
        return EventMapping.model_validate(yaml.safe_load(await asyncio.to_thread(file.read_text)))
    except ValidationError as error:
        wrong = "; ".join(str(problem) for problem in explain(error))
        raise InvalidInput(f"The mapping {str(file)!r} can't be used: {wrong}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The mapping {str(file)!r} can't be used: {error}") from error


async def _require_new(name: str) -> None:
    if name in await block_names(EventSource):
        raise InvalidInput(f"There is a source {name!r} already; remove it first, or choose another name.")


def _url(name: str) -> str:
    """Where it sends to; the path alone, when the service does not run on this machine."""
    running = read_addresses(RunSettings().home)  # pyright: ignore[reportCallIssue] filled from the environment
    return f"{running.service_url if running else ''}/events/{name}"

"""What the command prints: tables and text for people, one JSON document for programs; diagnostics go to stderr."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, ParamSpec

import httpx
import typer
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectException
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from blocks.store.store import Store
from blueprint.errors import Unavailable
from flows.opening import open_store

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
Given = ParamSpec("Given")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A command's connections."""

    store: Store
    client: PrefectClient


@asynccontextmanager
async def session() -> AsyncGenerator[Session]:
    """The store and Prefect of this installation; Unavailable, with what to do, when they do not answer."""
    async with get_client() as client:
        if error := await client.api_healthcheck():
            raise Unavailable(f"No Prefect server answers at {client.api_url}: {error!r}. Start it with `missions up`.")
        async with open_store() as store:
            yield Session(store=store, client=client)


def command(function: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """An async function as a command; a server that goes away meanwhile is a sentence, not a traceback."""

    @wraps(function)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            asyncio.run(function(*args, **kwargs))
        except (PrefectException, httpx.HTTPError) as error:
            raise Unavailable(f"The Prefect server does not answer as it should: {error}. See `missions doctor`.") from error

    return run


def say(text: str) -> None:
    """Progress and diagnostics: stderr."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """What was asked for: stdout."""
    print(text, flush=True)


def show_json(value: object) -> None:
    """What was asked for, as one JSON document on stdout."""
    print(json.dumps(_ANYTHING.dump_python(value, mode="json"), indent=2, ensure_ascii=False), flush=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table on stdout, or the sentence `empty`."""
    if not rows:
        return show(empty)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 240
    Console(width=width, markup=False, highlight=False).print(table)
    return None

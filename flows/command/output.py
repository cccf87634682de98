"""What the command prints: tables and text for people, one JSON document for programs; diagnostics go to stderr."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Annotated, Any, ParamSpec

import httpx
import typer
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectException
from pydantic import TypeAdapter
from rich.cells import cell_len, set_cell_size

from blocks.store.store import Store
from blueprint.errors import Unavailable
from flows.opening import open_store
from reports.chart import without_pictures
from reports.text import one_line

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_CELL_CHARS = 400
_CONNECT_SECONDS = 30.0  # on a busy machine the server takes some seconds
Given = ParamSpec("Given")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A command's connections."""

    store: Store
    client: PrefectClient


@asynccontextmanager
async def session() -> AsyncGenerator[Session]:
    """The store and Prefect of this installation; Unavailable, with what to do, when they do not answer."""
    async with AsyncExitStack() as opened:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                here = await _connected(opened)
        except TimeoutError as error:
            raise Unavailable(
                f"The installation does not answer within {_CONNECT_SECONDS:.0f} s. Look at server.log and database.log "
                "in its logs folder, then stop and start `missions up`."
            ) from error
        yield here


async def _connected(opened: AsyncExitStack) -> Session:
    client = await opened.enter_async_context(get_client())
    if error := await client.api_healthcheck():
        raise Unavailable(f"No Prefect server answers at {client.api_url} ({error}). Start it with `missions up`.")
    return Session(store=await opened.enter_async_context(open_store()), client=client)


def command(function: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """An async function as a command; a server that goes away meanwhile is a sentence, not a traceback."""

    @wraps(function)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            asyncio.run(function(*args, **kwargs))
        except (PrefectException, httpx.HTTPError) as error:
            raise Unavailable(_of_prefect(error)) from error
        except TimeoutError as error:
            raise Unavailable("The installation took too long to answer. See `missions doctor`.") from error

    return run


def _of_prefect(error: Exception) -> str:
    """What is wrong with the Prefect server's answer, and what to do."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == HTTPStatus.UNAUTHORIZED:
        return (
            f"The Prefect server at {error.request.url.host} asks for a login that it was not given: set "
            "PREFECT_API_AUTH_STRING='name:password' for a server of your own; `missions up` with MISSIONS_API_AUTH_STRING "
            "is reached by its own account on its own data directory (MISSIONS_HOME)."
        )
    return f"The Prefect server does not answer as it should: {str(error) or type(error).__name__}. See `missions doctor`."


def say(text: str) -> None:
    """Progress and diagnostics: stderr."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """What was asked for: stdout."""
    print(text, flush=True)


def show_page(page: str) -> None:
    """A Markdown page on stdout; at a terminal without the pictures in it, which are kilobytes of letters there."""
    show(without_pictures(page) if sys.stdout.isatty() else page)


def show_json(value: object) -> None:
    """What was asked for, as one JSON document on stdout."""
    print(json.dumps(_ANYTHING.dump_python(value, mode="json"), indent=2, ensure_ascii=False), flush=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table on stdout, or the sentence `empty`. Where it is too wide for the terminal, each row becomes a block of lines."""
    if not rows:
        return show(empty)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return show(table_text(columns, rows, width))


def table_text(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """The rows under their columns, each on one line of at most `width` cells; else as blocks, nothing cut off."""
    safe = [[one_line(cell, _CELL_CHARS) for cell in row] for row in rows]
    lines = _in_columns([columns, *safe])
    if width is None or all(cell_len(line) <= width for line in lines):
        return "\n".join(lines)
    return "\n".join(line for row in safe for line in _as_block(columns, row))


def _in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(set_cell_size, row, widths)).rstrip() for row in rows]


def _as_block(columns: Sequence[str], row: Sequence[str]) -> list[str]:
    """The first cell, then the others that say something, each with its column's name."""
    named = [["", name, cell] for name, cell in zip(columns[1:], row[1:], strict=True) if cell]
    return [row[0], *_in_columns(named)] if named else [row[0]]

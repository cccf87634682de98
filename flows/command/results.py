"""`missions result`: what a call of a run returned, whole, however large it is (R4.4)."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from blueprint.errors import InvalidInput, MissionsError
from blueprint.stream import Returned
from flows.command.naming import run_id_of
from flows.command.output import AsJson, Session, command, session, show, show_json
from flows.command.runs import OfRun
from flows.settings import RunSettings

_NAMED = 20


@command
async def result(
    run: OfRun,
    call: Annotated[str, typer.Argument(help="The call's id, as steps, reports and findings name it: c00010000.")],
    as_json: AsJson = False,
) -> None:
    """Print the whole result of one call of a run; with --json what is recorded of it, and where its files are."""
    async with session() as here:
        run_id = await run_id_of(here, run)
        returned = await _returned(here, run_id, call)
    home = RunSettings().home  # pyright: ignore[reportCallIssue] the command's entry point sets the environment
    if as_json:
        places = [str(home / place) for place in (returned.kept, *returned.files) if place]
        return show_json({"run": run_id, "result": returned, "files": places})
    if returned.kept:
        return _print_file(home / returned.kept)
    show(returned.text)
    for place in returned.files:
        show(f"File: {home / place}")
    return None


async def _returned(here: Session, run_id: str, call: str) -> Returned:
    found = [entry.event for entry in await here.store.journal.read(run_id) if isinstance(entry.event, Returned)]
    for one in reversed(found):
        if one.call.id == call:
            return one
    known = ", ".join(one.call.id for one in found[-_NAMED:]) or "none yet"
    raise InvalidInput(f"Run {run_id} has no result of a call {call!r}; its last ones are: {known}.")


def _print_file(path: Path) -> None:
    """A block at a time: it may be larger than memory likes."""
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    except OSError as error:
        raise MissionsError(
            f"The whole result is not on this machine: {str(path)!r} can't be read ({error.strerror}). "
            "It is kept in the data directory of the machine on which the run worked."
        ) from error

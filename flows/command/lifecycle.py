"""`missions disable enable delete`: pauses a Mission, lets it go on, or removes it for good."""

import asyncio
import sys
from time import monotonic
from typing import Annotated

import typer

from blocks.store.store import Store
from blueprint.deletion import Deletion, DeletionState
from blueprint.errors import InvalidInput, Unavailable, UnknownName
from blueprint.mission import Mission
from flows.command.answering import this_person
from flows.command.missions import show_one
from flows.command.output import AsJson, Session, command, say, session, show, show_json
from flows.command.runs import OfMission
from flows.command.terminal import read_line
from flows.lifecycle import switching
from flows.lifecycle.deleting import begin_deletion, known_deletion
from flows.lifecycle.going_on import deleting
from flows.settings import RunSettings
from reports.certificate import certificate_page

PATIENCE_SECONDS = 300
"""So long the command waits for another process that deletes the same Mission."""


@command
async def disable(mission: OfMission, as_json: AsJson = False) -> None:
    """Pause a Mission: nothing of it starts any more, by whatever way; runs in progress go on to their end."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        paused = await switching.disable(here.store, here.client, found.id, by=this_person())
        await show_one(here, paused, as_json)


@command
async def enable(mission: OfMission, as_json: AsJson = False) -> None:
    """Let a paused Mission go on: its schedules start runs again from now on, and nothing is caught up."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        active = await switching.enable(here.store, here.client, found.id, by=this_person())
        await show_one(here, active, as_json)


@command
async def delete(
    mission: OfMission,
    confirm: Annotated[str, typer.Option(help="The Mission's id, typed out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Delete a Mission for good, with its runs, reports, messages and records; interrupted, the same command finishes it.

    It prints a certificate of what was removed, and where was looked in the end.
    """
    async with session() as here:
        begun = await _begun(here.store, mission, confirm)
        done = await _finished(here, begun)
    if as_json:
        return show_json({**done.model_dump(mode="json"), "certificate": certificate_page(done)})
    return show(certificate_page(done))


async def _begun(store: Store, mission: str, confirm: str) -> Deletion:
    """The deletion, begun just now or before; one that is over is shown again to whoever knows the id."""
    try:
        found = await store.missions.find(mission)
    except UnknownName:
        if known := await known_deletion(store, mission):
            return known
        raise
    return await begin_deletion(store, found.id, confirm or _typed(found), by=this_person())


def _typed(mission: Mission) -> str:
    if not sys.stdin.isatty():
        raise InvalidInput(f"Deleting {mission.title!r} can't be undone; confirm it with --confirm {mission.id}")
    say(f"Everything that {mission.title!r} has made goes for good: plans, runs, reports, messages, records.")
    return read_line(f"Type its id, {mission.id}, to delete it: ")


async def _finished(here: Session, deletion: Deletion) -> Deletion:
    """Done by this process, or by another that was quicker."""
    settings, give_up = RunSettings(), monotonic() + PATIENCE_SECONDS  # pyright: ignore[reportCallIssue] the environment fills it
    if deletion.state is not DeletionState.DONE:
        say("Deleting; this takes some seconds more than its runs need to end.")
    while deletion.state is not DeletionState.DONE:
        try:
            return await deleting(here.store, here.client, settings.home).carry_out(deletion)
        except Unavailable:
            if monotonic() > give_up:
                raise
        await asyncio.sleep(1)
        deletion = await here.store.deletions.get(deletion.key) or deletion
    return deletion

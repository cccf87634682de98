"""`missions say`: talk about a Mission in plain language."""

from typing import Annotated

import typer

from blueprint.errors import InvalidInput
from blueprint.mission import Mission
from flows.command.answering import Prepared, accompany, first_of, how_to_answer
from flows.command.output import AsJson, Session, command, say, session, show, show_json
from flows.command.runs import OfMission
from flows.command.terminal import at_terminal
from flows.conversing.talking import reply_key
from flows.following import Over, Waiting
from flows.links.console import run_page
from flows.starting import start


@command
async def say_to(
    mission: OfMission,
    text: Annotated[str, typer.Argument(help="What you want, in plain language; several wishes in one message are fine.")],
    yes: Annotated[bool, typer.Option("--yes", help="Confirm the change of the plan as it is shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Talk about a Mission: rename it, change, add or drop Tasks, run one now, ask how it stands or what was found.

    A change of the plan is shown and takes effect when it is confirmed; what is not clear is asked back, and nothing is done.
    """
    if not text.strip():
        raise InvalidInput("There is nothing in the message; say what you want, for example: 'run the disk check now'.")
    async with session() as here:
        found = await here.store.missions.find(mission)
        run_id = await start(here.client, "converse/converse", {"mission": found.id, "text": text})
        say(f"Conversation: {run_page(run_id)}")
        end = await accompany(here, run_id, first_of(Prepared(launch=yes), at_terminal), stay=False, tell=say)
        await _show_end(here, found, run_id, end, as_json)


async def _show_end(here: Session, mission: Mission, run_id: str, end: Over | Waiting, as_json: bool) -> None:
    """The reply, or how to confirm what waits; exit code 1 when it could not be carried out."""
    turn = await here.store.conversation.get(mission.id, reply_key(run_id))
    state = end.flow_run.state if isinstance(end, Over) else None
    reply = turn.text if turn else (state.message or "" if state else "")
    is_waiting = isinstance(end, Waiting)
    if as_json:
        request = end.request if isinstance(end, Waiting) else None
        show_json({"run": run_id, "reply": reply, "waiting": request, "state": state.name if state else "Suspended"})
    elif isinstance(end, Waiting):
        show(f"Nothing is changed until it is confirmed:\n{how_to_answer(end.request)}")
    else:
        show(reply)
    if not is_waiting and not (state and state.is_completed()):
        raise typer.Exit(1)

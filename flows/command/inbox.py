"""`missions inbox reply`: what people should know, and their answers."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from blueprint.errors import InvalidInput, UnknownName
from blueprint.records import Message
from blueprint.requests import ChoiceQuestion, Decision, Request, ReviewQuestion
from flows.command.answering import how_to_answer, this_person
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.replying import Reply, reply


@command
async def inbox(
    unread: Annotated[bool, typer.Option("--unread", help="Only messages that nobody has read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the message center: open questions with the time left on top, then all messages."""
    async with session() as here:
        asked = await here.store.requests.all_open()
        messages = await here.store.messages.list(unread_only=unread)
        if as_json:
            return show_json({"open_requests": asked, "messages": messages})
        for request in asked:
            show(f"{request.title}   {_left(request)}\n  {how_to_answer(request)}\n")
        show_table(["", "AT (UTC)", "KIND", "MESSAGE"], [_row(message) for message in messages], "No messages.")
        await here.store.messages.mark_read([message.id for message in messages])
    return None


@command
async def reply_to_run(
    run: Annotated[str, typer.Argument(help="The waiting run: its id or a prefix of it, or the Mission's id.")],
    text: Annotated[str, typer.Argument(help="Your answer, or a comment.")] = "",
    approve: Annotated[bool, typer.Option("--approve", help="Approve the call, or launch the plan, as shown.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject the call.")] = False,
    choice: Annotated[str, typer.Option(help="One of the ways that the question offers.")] = "",
    as_json: AsJson = False,
) -> None:
    """Answer the question that a run waits for. The first answer counts."""
    async with session() as here:
        request = await _waiting_request(here, run)
        said = _said(request, text=text, approve=approve, reject=reject, choice=choice)
        answered = await reply(here.store, request.run_id, said, by=this_person(), key=request.key)
    if as_json:
        show_json(answered)
    elif answered.answer is not None:
        show(f"{answered.title} — {answered.answer.decision}. The run goes on.")


async def _waiting_request(here: Session, text: str) -> Request:
    """The open request that a person means, by run or Mission; a run that waits no longer says itself what happened."""
    asked = await here.store.requests.all_open()
    found = (
        [request for request in asked if request.run_id.startswith(text) or request.mission_id.startswith(text)] if text else []
    )
    if len({request.run_id for request in found}) == 1:
        return found[-1]
    if not found and (closed := await here.store.requests.of_run((await here.store.runs.find(text)).id)):
        return closed[-1]
    raise UnknownName(
        "waiting run", text, [f"{request.run_id} ({request.title})" for request in found or asked], ambiguous=bool(found)
    )


def _said(request: Request, *, text: str, approve: bool, reject: bool, choice: str) -> Reply:
    if sum([approve, reject, bool(choice)]) > 1:
        raise InvalidInput("--approve, --reject and --choice exclude each other; give one of them.")
    if isinstance(request.question, ChoiceQuestion):
        return Reply(decision=Decision.CHOOSE, choice=choice, text=text)
    if approve:
        return Reply(decision=Decision.LAUNCH if isinstance(request.question, ReviewQuestion) else Decision.APPROVE, text=text)
    if reject:
        return Reply(decision=Decision.REJECT, text=text)
    return Reply(decision=_decision(choice) if choice else None, text=text)


def _decision(choice: str) -> Decision:
    word = choice.strip().lower().replace(" ", "_").replace("-", "_")
    if word not in list(Decision):
        raise InvalidInput(f"{choice!r} is no decision; the question names those that it takes.")
    return Decision(word)


def _row(message: Message) -> list[str]:
    return ["" if message.is_read else "new", f"{message.at:%m-%d %H:%M}", message.event, message.title]


def _left(request: Request) -> str:
    minutes = (request.deadline - datetime.now(UTC)).total_seconds() / 60
    return f"{max(0, minutes):.0f} min left"

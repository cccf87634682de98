"""`missions inbox` and `missions reply`: what people should know, and their answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from blocks.link_key import load_link_key
from blueprint.choosing import choose
from blueprint.errors import InvalidInput, UnknownName
from blueprint.records import Message
from blueprint.requests import ChoiceQuestion, Decision, Request, ReviewQuestion
from blueprint.values import short_id
from deployments.local.addresses import read_addresses
from deployments.local.settings import LocalSettings
from flows.command.answering import asked_in_short, said_back, this_person
from flows.command.naming import events_named, is_meant, run_id_of
from flows.command.output import AsJson, Session, command, say, session, show, show_json, show_table
from flows.people.links import link
from flows.people.replying import Reply, reply, what_follows
from reports.inbox import in_a_line
from reports.text import one_line


@command
async def inbox(
    unread: Annotated[bool, typer.Option("--unread", help="Only messages that nobody has read.")] = False,
    mission: Annotated[str, typer.Option(help="Only of this Mission: its id, the beginning of it, or its name.")] = "",
    event: Annotated[list[str] | None, typer.Option(help="Only messages of this kind; may be repeated.")] = None,
    links: Annotated[bool, typer.Option("--links", help="With a link for each question: whoever has it may answer.")] = False,
    keep: Annotated[bool, typer.Option("--keep-unread", help="What is shown does not count as read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what people should know: open questions, then messages.

    The questions come with the time left and the commands that answer them. Messages that were shown count as read.
    """
    async with session() as here:
        found = (await here.store.missions.find(mission)).id if mission else None
        asked, wanted = await here.store.requests.all_open(found), events_named(event)
        messages = [
            message
            for message in await here.store.messages.list(unread_only=unread, mission_id=found)
            if not event or message.event in wanted
        ]
        addresses = await _links(asked) if links else {}
        if as_json:
            return show_json({"open_requests": asked, "messages": messages} | ({"links": addresses} if links else {}))
        for request in asked:
            show(f"{one_line(request.title, 200)}   {_left(request)}, Mission {request.mission_id}\n{asked_in_short(request)}")
            show(f"  {addresses[_name(request)]}\n" if links else "")
        show_table(["AT (UTC)", "KIND", "SEVERITY", "READ", "MESSAGE"], [_row(message) for message in messages], "No messages.")
        if not keep:
            await here.store.messages.mark_read([message.id for message in messages])
    return None


@command
async def reply_to_run(
    run: Annotated[str, typer.Argument(help="The waiting run: its id as the inbox shows it, or the Mission's id or name.")],
    text: Annotated[str, typer.Argument(help="Your answer, or a comment.")] = "",
    answer: Annotated[list[str] | None, typer.Option(help="Answer to one of several questions, in order; repeat it.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve the call, or launch the plan, as shown.")] = False,
    approve_run: Annotated[
        bool, typer.Option("--approve-run", help="Approve the call, and its tool until the run ends, whatever the arguments.")
    ] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject the call.")] = False,
    choice: Annotated[str, typer.Option(help="One of the ways that the question offers, or its number.")] = "",
    as_json: AsJson = False,
) -> None:
    """Answer the question that a run waits for. The first answer counts.

    A text alone is read as one decision and said back: only a plain yes is a yes, a no may carry what you want instead. What is
    not clear is refused with the reason, and the question stays open.
    """
    if sum([approve, approve_run, reject, bool(choice)]) > 1:
        raise InvalidInput("--approve, --approve-run, --reject and --choice exclude each other; give one of them.")
    choice = Decision.APPROVE_RUN.value if approve_run else choice
    async with session() as here:
        request = await _waiting_request(here, run)
        said = replace(_said(request, text=text, approve=approve, reject=reject, choice=choice), answers=tuple(answer or ()))
        answered = await reply(here.store, request.run_id, said, by=this_person(), key=request.key)
    if as_json:
        show_json(answered)
    elif answered.answer is not None:
        show(f"{one_line(answered.title, 200)} — {said_back(answered.answer)} {what_follows(answered.answer)}.")
        say(f"See what becomes of it: missions watch {short_id(answered.run_id)}")


async def _links(asked: Sequence[Request]) -> dict[str, str]:
    """The answer link of each request, by run and key."""
    settings = LocalSettings()
    running = read_addresses(settings.home)
    base = settings.public_url or (running.service_url if running else "")
    if not base:
        raise InvalidInput("No service runs on this data directory; say in MISSIONS_PUBLIC_URL where answer links are to point.")
    secret = await load_link_key()
    return {_name(request): link(request, secret, base) for request in asked}


def _name(request: Request) -> str:
    return f"{request.run_id}:{request.key}"


async def _waiting_request(here: Session, text: str) -> Request:
    """The open request that a person means, by run or Mission; a run that waits no longer says itself what happened."""
    asked = await here.store.requests.all_open()
    found = [request for request in asked if is_meant(request.run_id, text)] or await _of_mission(here, text)
    if len({request.run_id for request in found}) == 1:
        return found[-1]
    if not found and (closed := await here.store.requests.of_run(await run_id_of(here, text))):
        return closed[-1]
    raise UnknownName(
        "waiting run", text, [f"{request.run_id} ({request.title})" for request in found or asked], ambiguous=bool(found)
    )


async def _of_mission(here: Session, text: str) -> list[Request]:
    """Open requests of the Mission that `text` names; none where it names no Mission."""
    try:
        mission = await here.store.missions.find(text)
    except UnknownName:
        return []
    return await here.store.requests.all_open(mission.id)


def _said(request: Request, *, text: str, approve: bool, reject: bool, choice: str) -> Reply:
    if approve:
        return Reply(decision=Decision.LAUNCH if isinstance(request.question, ReviewQuestion) else Decision.APPROVE, text=text)
    if reject:
        return Reply(decision=Decision.REJECT, text=text)
    if isinstance(request.question, ChoiceQuestion) and choice:
        return Reply(decision=Decision.CHOOSE, choice=_option(request.question, choice), text=text)
    return Reply(decision=_decision(choice) if choice else None, text=text)


def _option(question: ChoiceQuestion, choice: str) -> str:
    """The option that a number or words mean; InvalidInput where they can mean two, as '1' for the options '2' and '1'."""
    found = choose(choice, question.options)
    if len(found) > 1:
        raise InvalidInput(f"{choice!r} can mean {' or '.join(map(repr, found))}; give the words of one.")
    return found[0] if found else choice


def _decision(choice: str) -> Decision:
    word = choice.strip().lower().replace(" ", "_").replace("-", "_")
    if word not in list(Decision):
        raise InvalidInput(f"{choice!r} is no decision; `missions inbox` shows those that the question takes.")
    return Decision(word)


def _row(message: Message) -> list[str]:
    at, read = f"{message.at:%Y-%m-%d %H:%M}", "" if message.is_read else "new"
    return [at, message.event, message.severity, read, in_a_line(message)]


def _left(request: Request) -> str:
    minutes = (request.deadline - datetime.now(UTC)).total_seconds() / 60
    return f"{max(0, minutes):.0f} min left"

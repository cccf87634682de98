"""`missions audit`: a Mission's audit record, verified and listed (R5.6)."""

import json
from typing import Annotated, assert_never

import typer
from pydantic import ValidationError

from blueprint.audit import (
    AnswerRefused,
    ApprovalSpent,
    AuditEntry,
    AuditEvent,
    CallRefused,
    LeaveUsed,
    MissionChanged,
    PlanConfirmed,
    RequestAnswered,
    RequestClosed,
    RequestOpened,
    RestartsGivenUp,
    RuleEnded,
    RuleMade,
)
from blueprint.chain import Break, Head, Link, find_break
from blueprint.values import canonical_json, short_id
from flows.command.output import AsJson, command, say, session, show, show_json, show_table

DIGITS = 12
"""So much of a digest is shown in the table."""


@command
async def audit(
    mission: Annotated[str, typer.Argument(help="A Mission: its id, the beginning of it, or its name.")],
    as_json: AsJson = False,
) -> None:
    """Verify a Mission's audit record and list it: who was asked, who decided what, and what was done on the strength of it.

    Exit code 1 when an entry was changed, taken out, put in or cut off, with the place where the record stops to hold.
    """
    async with session() as here:
        found = await here.store.missions.find(mission)
        links, head = await here.store.audit.read(found.id)
    problem = find_break(links, head)
    if as_json:
        show_json(_as_document(found.id, links, head, problem))
    else:
        show_table(["NO", "AT (UTC)", "WHAT", "WHO", "RUN", "ABOUT"], [_row(link) for link in links], "The record is empty.")
    if problem is not None:
        say(f"The record does not verify from entry {problem.sequence} on: {problem.reason}")
        raise typer.Exit(1)
    if not as_json and head is not None:
        show(f"\nVerified: {head.count} entries, none changed, none missing. Head: {head.hash or 'none yet'}")


def _as_document(mission_id: str, links: list[Link], head: Head | None, problem: Break | None) -> dict[str, object]:
    return {
        "mission_id": mission_id,
        "verified": problem is None,
        "problem": problem,
        "head": head,
        "entries": [{"sequence": link.sequence, "hash": link.hash, "document": _json(link.text)} for link in links],
    }


def _json(text: str) -> object:
    """The entry as JSON; as its text when somebody has changed it so that it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _row(link: Link) -> list[str]:
    """An entry as a line; one that this version can't read is shown as it is stored, for it counts none the less."""
    try:
        entry = AuditEntry.model_validate_json(link.text)
    except ValidationError:
        return [str(link.sequence), "", "unreadable", "", "", link.text]
    who, run_id, about = _told(entry.event)
    return [str(link.sequence), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.event.kind, who, short_id(run_id), about]


def _told(event: AuditEvent) -> tuple[str, str, str]:
    """Who, in which run, and what it was about."""
    match event:
        case RequestOpened():
            call = f", call {event.call_digest[:DIGITS]}" if event.call_digest else ""
            return "", event.run_id, f"{event.title} (shown: {event.question_digest[:DIGITS]}{call})"
        case RequestAnswered(answer=answer):
            said = " ".join(part for part in (answer.choice, *answer.answers, answer.text) if part)
            return answer.by, event.run_id, f"{event.title} {answer.decision.replace('_', ' ')}{': ' if said else ''}{said}"
        case AnswerRefused():
            return event.by, event.run_id, event.reason
        case RequestClosed():
            return "", event.run_id, f"{event.title} {event.state} without an answer"
        case ApprovalSpent():
            return "", event.run_id, f"{event.call}, call {event.call_digest[:DIGITS]}"
        case LeaveUsed():
            return "", event.run_id, f"{event.call}, call {event.call_digest[:DIGITS]}, by {event.standing_rule or event.key}"
        case RuleMade(rule=rule):
            bounds = f"{rule.uses_a_day} times a day until {rule.expires_at:%Y-%m-%d %H:%M}"
            return rule.made_by, "", f"{rule.id}: {rule.tool} with {canonical_json(dict(rule.arguments))}, {bounds}"
        case RuleEnded():
            return "", "", f"{event.rule_id}: {event.tool}, because {event.because}"
        case CallRefused():
            return "", event.run_id, f"{event.call}, call {event.call_digest[:DIGITS]}: {event.reason}"
        case PlanConfirmed():
            return event.by, "", f"version {event.version}, {event.digest[:DIGITS]}"
        case MissionChanged():
            return event.by, "", f"{event.was} to {event.state}" if event.was else f"made as a {event.state}"
        case RestartsGivenUp():
            return "", event.run_id, event.reason
        case _:
            assert_never(event)

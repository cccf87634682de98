"""Words the messages about a request (it was asked, it still waits, nobody answered) and about a failed run (R5.4, R7.1)."""

from datetime import UTC, datetime

from blueprint.records import Message
from blueprint.reminders import Reminder, message_id
from blueprint.requests import Request, ReviewQuestion
from reports.forms import question_text
from reports.times import duration


def asked(request: Request) -> Message:
    """A person is asked."""
    return _message(request, event="request", at=request.asked_at, body=question_text(request))


def reminder(request: Request, which: Reminder) -> Message:
    """Nobody has answered yet; the last reminder is marked for escalation."""
    now = datetime.now(UTC)
    left = duration((request.deadline - now).total_seconds())
    is_last = which is Reminder.LAST
    return _message(
        request,
        event="reminder",
        at=now,
        kind=which,
        title=f"{'Last reminder' if is_last else 'Still open'}, {left} left: {request.title}",
        body=question_text(request),
        is_escalation=is_last,
    )


def expired(request: Request) -> Message:
    """Nobody answered in time, and what follows from that."""
    what = _left_as(request)
    body = f"{unanswered(request)} Silence approves nothing: {what}."
    return _message(
        request, event="expired", at=datetime.now(UTC), kind="expired", title=f"Nobody answered: {request.title}", body=body
    )


def _left_as(request: Request) -> str:
    """What holds without an answer."""
    if isinstance(request.question, ReviewQuestion):
        return "the plan stays a draft" if request.question.replaces is None else "the plan in force stays as it is"
    return "the run ends as Failed, with a report"


def failure_id(run_id: str) -> str:
    """The message of a run that failed and left nothing else: one for each run, however often it is told."""
    return f"{run_id}:failed"


def failed(mission_id: str, run_id: str, title: str, body: str) -> Message:
    """A run failed before it had a record of its own."""
    return Message(
        id=failure_id(run_id),
        mission_id=mission_id,
        run_id=run_id,
        event="error",
        title=title,
        body=body,
        at=datetime.now(UTC),
    )


def unanswered(request: Request) -> str:
    """The reason of a run that ends because nobody answered."""
    return f"Nobody answered {request.title!r} by {request.deadline:%Y-%m-%d %H:%M} UTC."


def _message(
    request: Request, *, event: str, at: datetime, body: str, kind: str = "", title: str = "", is_escalation: bool = False
) -> Message:
    return Message.model_validate(
        {
            "id": message_id(request.run_id, request.key, kind),
            "mission_id": request.mission_id,
            "run_id": request.run_id,
            "event": event,
            "title": title or request.title,
            "body": body,
            "at": at,
            "is_escalation": is_escalation,
        }
    )

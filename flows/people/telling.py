"""Words the messages about requests (asked, still open, nobody answered), about runs that are over, and channels (R5.4, R7.1)."""

from datetime import UTC, datetime

from blueprint.mission import Mission
from blueprint.notification import ChannelState
from blueprint.plan import Task
from blueprint.records import Message, MessageEvent, RunRecord, RunState
from blueprint.reminders import Reminder, message_id
from blueprint.requests import Request, ReviewQuestion
from blueprint.stream import Severity
from reports.forms import question_text
from reports.in_short import run_in_short, worst
from reports.times import duration


def asked(request: Request) -> Message:
    """A person is asked, or a plan waits to be confirmed."""
    event = "plan" if isinstance(request.question, ReviewQuestion) else "request"
    return _message(request, event=event, severity=Severity.WARNING, at=request.asked_at, body=question_text(request))


def reminder(request: Request, which: Reminder) -> Message:
    """Nobody has answered yet; the last reminder is marked for escalation."""
    now = datetime.now(UTC)
    left = duration((request.deadline - now).total_seconds())
    is_last = which is Reminder.LAST
    return _message(
        request,
        event="reminder",
        severity=Severity.CRITICAL if is_last else Severity.WARNING,
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
        request,
        event="expired",
        severity=Severity.CRITICAL,
        at=datetime.now(UTC),
        kind="expired",
        title=f"Nobody answered: {request.title}",
        body=body,
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
        severity=Severity.CRITICAL,
        title=title,
        body=body,
        at=datetime.now(UTC),
    )


def ended(mission: Mission, task: Task, record: RunRecord) -> Message:
    """A run is over and its report is out (R7.1)."""
    is_failed = record.state is RunState.FAILED
    findings = record.conclusion.findings if record.conclusion else ()
    return Message(
        id=f"{record.id}:ended",
        mission_id=mission.id,
        run_id=record.id,
        event="error" if is_failed else "report",
        severity=Severity.CRITICAL if is_failed else worst([finding.severity for finding in findings]),
        title=f"{mission.title}: {task.title} {'failed' if is_failed else 'ended with ' + record.state.value}",
        body=run_in_short(record),
        at=record.ended_at or record.started_at,
    )


def channel_fails(channel: str, state: ChannelState) -> Message:
    """A notification channel does not work; said once for each time that it began to fail (R7.3)."""
    since = state.failing_since or datetime.now(UTC)
    return Message(
        id=f"channel:{channel}:{since.isoformat()}",
        mission_id="",
        event="channel",
        severity=Severity.CRITICAL,
        channel=channel,
        title=f"Channel {channel} does not take messages",
        body=f"Since {since:%Y-%m-%d %H:%M} UTC, {state.failures} attempts: {state.reason.rstrip('. ')}. What it has not "
        f"taken is kept and tried again. Correct its block in the Prefect UI; then `missions channel test {channel}`.",
        at=datetime.now(UTC),
    )


def unanswered(request: Request) -> str:
    """The reason of a run that ends because nobody answered."""
    return f"Nobody answered {request.title!r} by {request.deadline:%Y-%m-%d %H:%M} UTC."


def _message(
    request: Request,
    *,
    event: MessageEvent,
    severity: Severity,
    at: datetime,
    body: str,
    kind: str = "",
    title: str = "",
    is_escalation: bool = False,
) -> Message:
    return Message(
        id=message_id(request.run_id, request.key, kind),
        mission_id=request.mission_id,
        run_id=request.run_id,
        request=request.key,
        event=event,
        severity=severity,
        title=title or request.title,
        body=body,
        at=at,
        is_escalation=is_escalation,
    )

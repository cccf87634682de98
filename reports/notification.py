"""Says in a notification what happened, or what is asked, how long there is to answer and how (R7.1, R7.3)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from blueprint.bundling import Bundle
from blueprint.notification import Dialect, Outgoing
from blueprint.records import Message
from blueprint.requests import Request, RequestState, ReviewQuestion, fitting_decisions
from blueprint.secrets import without_secrets
from blueprint.stream import Severity
from blueprint.values import short_id
from reports.dialects import Note, written
from reports.forms import question_text
from reports.text import one_line
from reports.times import duration, minute

VERSION = 1
"""Of the webhook's JSON. It goes up when a field changes its meaning or goes, not when one is added."""

_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.OK)
_MOST_LINKS = 10


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message with what it is about, as it stands now. Addresses are empty where there are none."""

    message: Message
    mission: str = ""
    """The Mission's title."""
    zone: str = "UTC"
    request: Request | None = None
    answer_url: str = ""
    """Whoever has it may answer."""
    page_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What goes to one channel at once."""

    id: str
    told: Sequence[Told]
    now: datetime
    is_test: bool = False


def severity_of(messages: Sequence[Message]) -> Severity:
    """The most that any of them matters."""
    return next((one for one in _ORDER if any(message.severity is one for message in messages)), Severity.INFO)


def outgoing(notification: Notification, dialect: Dialect, most_bytes: int) -> Outgoing:
    """The notification as a channel of this dialect takes it."""
    severity = severity_of([told.message for told in notification.told])
    if dialect is Dialect.JSON:
        body = _json(notification, most_bytes)
        return Outgoing(id=notification.id, title=one_line(_title(notification), 200), body=body, severity=severity)
    title, body = written(note_of(notification, fence="```" if dialect is Dialect.HTML else ""), dialect, most_bytes)
    return Outgoing(id=notification.id, title=title, body=body, severity=severity)


def note_of(notification: Notification, *, fence: str = "") -> Note:
    """One message in full, or a list of several. `fence`: what stands around a block of code, where there are such."""
    foot = f"Notification {notification.id}"
    if len(notification.told) > 1:
        return Note(title=_title(notification), text=_listed(notification), links=_list_links(notification.told), foot=foot)
    told = notification.told[-1]
    return Note(
        title=_title(notification), text=_text(told, fence), facts=_facts(told, notification.now), links=_links(told), foot=foot
    )


def sample(channel: str, id: str, now: datetime) -> Notification:
    """The message that tries a channel."""
    text = f"This is how channel {channel!r} brings messages of Missions. Nothing has happened, and nothing is asked."
    message = Message(id=id, mission_id="", event="channel", title="Test message", body=text, at=now, channel=channel)
    return Notification(id=id, told=(Told(message=message),), now=now, is_test=True)


def _title(notification: Notification) -> str:
    told = notification.told
    if len(told) == 1:
        title, mission = told[0].message.title, one_line(told[0].mission, 40)
        return title if title.startswith(told[0].mission) else f"{mission}: {title}"
    counted = Counter(one.message.event for one in told)
    kinds = ", ".join(f"{number} {_KINDS[event][number > 1]}" for event, number in counted.most_common())
    missions = {one.mission for one in told}
    return f"{len(told)} messages: {kinds}" + (f" ({missions.pop()})" if len(missions) == 1 else "")


_KINDS = {
    "request": ("question", "questions"),
    "reminder": ("reminder", "reminders"),
    "expired": ("unanswered question", "unanswered questions"),
    "report": ("report", "reports"),
    "error": ("error", "errors"),
    "mission": ("change of a Mission", "changes of Missions"),
    "plan": ("plan to confirm", "plans to confirm"),
    "channel": ("channel in trouble", "channels in trouble"),
}


def _text(told: Told, fence: str = "") -> str:
    request = told.request
    if told.message.event not in ("request", "reminder", "plan") or request is None:
        return told.message.body
    if isinstance(request.question, ReviewQuestion):
        return f"Version {request.question.plan_version} of the plan waits for a decision. It can be read where it is answered."
    return question_text(request.model_copy(update={"title": ""}), told.zone, fence=fence).strip()


def _facts(told: Told, now: datetime) -> tuple[tuple[str, str], ...]:
    facts = [("Mission", told.mission)] if told.mission else []
    if told.request is not None and told.message.event in ("request", "reminder", "plan"):
        facts += [("Time left", _time_left(told.request, told.zone, now)), ("To answer", _how(told, told.request))]
    return tuple(facts)


def _time_left(request: Request, zone: str, now: datetime) -> str:
    if request.state is not RequestState.OPEN:
        return f"none: it is {request.state} by now"
    left = (request.deadline - now).total_seconds()
    until = f"{minute(request.deadline, zone)}, {zone or 'UTC'}"
    return f"{duration(left)}, until {until}" if left > 0 else f"none: it was open until {until}"


def _how(told: Told, request: Request) -> str:
    ways = [f"use `missions reply {short_id(request.run_id)}`", "choose Resume on the run's page in the Prefect UI"]
    return ", or ".join([*(["open the link below"] if told.answer_url else []), *ways])


def _links(told: Told) -> tuple[tuple[str, str], ...]:
    found = [("Answer", told.answer_url), ("Open in Prefect", told.page_url)]
    return tuple((name, url) for name, url in found if url)


def _listed(notification: Notification) -> str:
    return "\n".join(f"- {_line(told, notification.now)}" for told in notification.told)


def _line(told: Told, now: datetime) -> str:
    left = f" ({_time_left(told.request, told.zone, now)})" if told.answer_url and told.request else ""
    return f"{told.message.severity}: {one_line(told.message.title, 160)}{left}"


def _list_links(told: Sequence[Told]) -> tuple[tuple[str, str], ...]:
    """Answer links of requests, as far as there is room for them; the names are ours, the titles are not."""
    asked = [(f"Answer {place}", one.answer_url) for place, one in enumerate(told, start=1) if one.answer_url]
    return tuple(asked[:_MOST_LINKS])


def _json(notification: Notification, most_bytes: int) -> str:
    """The document of version 1; texts are shortened until it fits."""
    longest = most_bytes
    while True:
        messages = [_message(told, notification.now, longest) for told in notification.told]
        head = {"version": VERSION, "id": notification.id, "sent_at": notification.now.isoformat()}
        text = json.dumps(head | {"is_test": notification.is_test, "messages": messages}, ensure_ascii=False)
        if len(text.encode("utf-8", "replace")) <= most_bytes or longest < 100:
            return text
        longest //= 2


def _message(told: Told, now: datetime, longest: int) -> dict[str, JsonValue]:
    message = told.message
    return {
        "id": message.id,
        "event": message.event,
        "severity": message.severity.value,
        "at": message.at.isoformat(),
        "title": one_line(message.title, 300),
        "text": without_secrets(_text(told)[:longest]),
        "is_escalation": message.is_escalation,
        "mission": {"id": message.mission_id, "title": told.mission} if message.mission_id else None,
        "run": {"id": message.run_id, "url": told.page_url} if message.run_id else None,
        "request": _request(told, now) if told.request else None,
    }


def _request(told: Told, now: datetime) -> dict[str, JsonValue]:
    request = told.request
    assert request is not None, "asked for only where there is one"
    left = max(0, round((request.deadline - now).total_seconds())) if request.state is RequestState.OPEN else 0
    return {
        "key": request.key,
        "kind": request.question.kind,
        "state": request.state.value,
        "deadline": request.deadline.isoformat(),
        "seconds_left": left,
        "decisions": [decision.value for decision in fitting_decisions(request.question)],
        "answer_url": told.answer_url,
    }


def notification_of(bundle: Bundle, told: Sequence[Told], now: datetime) -> Notification:
    """The notification of a bundle; the same id however often it is sent."""
    return Notification(id=bundle.id, told=tuple(told), now=now)

"""Makes the message center's page: open questions on top with the time left, then messages (R7.4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from blueprint.records import Message
from blueprint.requests import Request
from blueprint.values import short_id
from reports.rendering import render
from reports.text import one_line
from reports.times import duration, moment

_MOST = 300
_WRONG = ("error", "channel")


def inbox_page(
    requests: Sequence[Request],
    messages: Sequence[Message],
    *,
    now: datetime,
    titles: Mapping[str, str],
    pages: Mapping[str, str],
) -> str:
    """The page as Markdown. `titles` of Missions by id, `pages`: addresses of runs in the Prefect UI by id."""
    return render(
        "inbox.md.j2",
        now=moment(now, "UTC"),
        requests=[_request(request, now, titles, pages) for request in requests],
        messages=[_message(message, titles, pages) for message in messages[:_MOST]],
        more=max(0, len(messages) - _MOST),
        unread=sum(not message.is_read for message in messages),
    )


def _request(request: Request, now: datetime, titles: Mapping[str, str], pages: Mapping[str, str]) -> dict[str, object]:
    left = (request.deadline - now).total_seconds()
    return {
        "title": request.title,
        "run": short_id(request.run_id),
        "page": pages.get(request.run_id, ""),
        "mission": titles.get(request.mission_id, request.mission_id),
        "left": duration(left) if left > 0 else "no time",
        "until": moment(request.deadline, "UTC"),
    }


def in_a_line(message: Message) -> str:
    """What a list says of a message: its title, and of what went wrong the reason too; plain text."""
    reason = f": {message.body}" if message.event in _WRONG and message.body else ""
    return one_line(f"{message.title}{reason}", 300)


def _message(message: Message, titles: Mapping[str, str], pages: Mapping[str, str]) -> dict[str, object]:
    mission = titles.get(message.mission_id, message.mission_id)
    return {
        "at": moment(message.at, "UTC"),
        "event": message.event,
        "severity": message.severity.value,
        "title": in_a_line(message).removeprefix(f"{mission}: "),
        "mission": mission,
        "page": pages.get(message.run_id, ""),
        "is_read": message.is_read,
    }

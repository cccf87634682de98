"""What all kinds of events have in common: names that are safe, labels that are bounded, sizes that are checked."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue, ValidationError

from blueprint.events import IncomingEvent
from blueprint.values import digest
from deployments.gateway.limits import (
    LARGEST_EVENT,
    LONGEST_LABEL,
    LONGEST_LABEL_NAME,
    LONGEST_NAME,
    MOST_EVENTS,
    MOST_LABELS,
)
from deployments.gateway.refusals import Refused

_SHOWN_PROBLEMS = 3


def make_event(
    *,
    name: str,
    identity: Sequence[JsonValue],
    subject: str,
    title: str,
    labels: Mapping[str, str],
    payload: dict[str, JsonValue],
    occurred: datetime,
) -> IncomingEvent:
    """The event; `identity` is what makes it the same event in two deliveries. Refused when it is too large."""
    size = len(json.dumps(payload))
    if size > LARGEST_EVENT:
        raise Refused("too_large", f"An event has {size} bytes; the most is {LARGEST_EVENT}.")
    if len(labels) > MOST_LABELS:
        raise Refused("too_large", f"An event has {len(labels)} labels; the most is {MOST_LABELS}.")
    return IncomingEvent(
        name=safe_name(name),
        key=digest(list(identity)),
        subject=subject,
        title=title[:LONGEST_NAME],
        labels={label[:LONGEST_LABEL_NAME]: value[:LONGEST_LABEL] for label, value in labels.items()},
        payload=payload,
        occurred=occurred,
    )


def safe_name(name: str) -> str:
    """`name` of the characters that names of events have; others become hyphens."""
    return re.sub(r"[^A-Za-z0-9._/-]", "-", name)[:LONGEST_NAME]


def require_few(count: int) -> None:
    """Refused when a request has too many events."""
    if count > MOST_EVENTS:
        raise Refused("too_large", f"The request has {count} events; the most is {MOST_EVENTS}. Send fewer at a time.")


def malformed(what: str, error: ValidationError) -> Refused:
    """A refusal that says where the document is not `what` it should be; nothing of its values is repeated."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    said = [f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in problems[:_SHOWN_PROBLEMS]]
    more = f" and {len(problems) - len(said)} more" if len(problems) > len(said) else ""
    return Refused("malformed", f"The body is no {what}: {'; '.join(said)[:1000]}{more}.")

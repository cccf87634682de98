"""A stored event in Prefect's form: its resource is what it is about, its labels are what automations match."""

import hashlib
import re

from prefect.events import Event

from blueprint.events import StoredEvent

RESOURCE = "missions.event"
SOURCE_LABEL = "missions.source"
_RESERVED = ("prefect.", "missions.")
_LONGEST_SUBJECT = 80


def prefect_event(stored: StoredEvent) -> Event:
    """The event for `POST /events`; equal each time, id included.

    It occurred when it arrived here, not when its sender says (that is in the payload): windows of thresholds count
    arrivals, and Prefect's retention can't drop the event of an old alert before anybody has seen it.
    """
    event = stored.event
    own = {
        "prefect.resource.id": resource_id(stored),
        "prefect.resource.name": event.title or event.name,
        SOURCE_LABEL: stored.source,
    }
    return Event(
        id=stored.id,
        event=event.name,
        occurred=stored.received_at,  # pyright: ignore[reportArgumentType] Prefect's own type of a datetime
        resource={**{_outer(label): value for label, value in event.labels.items()}, **own},  # pyright: ignore[reportArgumentType]
        payload={
            "source": stored.source,
            "event": event.name,
            "occurred": event.occurred.isoformat(),
            "labels": event.labels,
            "data": event.payload,
        },
    )


def resource_id(stored: StoredEvent) -> str:
    """`missions.event.<source>.<subject>`; a subject of other characters, or a long one, ends in a digest of the whole."""
    subject = stored.event.subject
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", subject)[:_LONGEST_SUBJECT].strip("-.")
    if safe != subject:
        safe = f"{safe}-{hashlib.sha256(subject.encode()).hexdigest()[:12]}".lstrip("-")
    return f"{RESOURCE}.{stored.source}.{safe}"


def _outer(label: str) -> str:
    """A label's name that is not one of Prefect's or ours: a sender can't pass its event off as another's."""
    return f"event.{label}" if label.startswith(_RESERVED) or not label else label

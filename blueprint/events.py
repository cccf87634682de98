"""Events from outside that may start a Task: as a source sends them, and as the store keeps them (S5)."""

from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field, JsonValue, StringConstraints

from blueprint.values import Moment, Name, Value

_NAMESPACE = UUID("6b1c2f0e-6f55-4b53-9d1b-8f0f5a3f7c11")

JsonPointer = Annotated[str, StringConstraints(pattern=r"^(/([^~/]|~[01])*)*$", max_length=500)]
"""RFC 6901, e.g. '/build/id'; '' is the whole document."""


class EventMapping(Value):
    """Where in a JSON document of any shape an event's parts are. Pointers only: nothing of it is ever executed."""

    events: JsonPointer = Field(default="", description="The event, or the list of events; empty: the whole body.")
    id: JsonPointer = Field(
        default="/id", description="What makes two deliveries the same event. Where it is missing, the whole event does."
    )
    name: str = Field(
        default="/type", min_length=1, max_length=200, description="A pointer (it begins with /) to the name, or the name itself."
    )
    time: JsonPointer = Field(
        default="", description="When it happened: ISO 8601 with an offset, or seconds since 1970. Empty or missing: on arrival."
    )
    subject: JsonPointer = Field(default="", description="What the event is about, e.g. a host; empty: the event itself.")
    labels: dict[str, JsonPointer] = Field(
        default_factory=dict, max_length=50, description='Labels that rules may match, e.g. {"repository": "/repository/name"}.'
    )


class IncomingEvent(Value):
    """One thing that happened, in the same shape whatever sent it."""

    name: str = Field(description="What rules wait for, e.g. 'alertmanager.firing'.")
    key: str = Field(description="Two deliveries with the same key are the same event.")
    subject: str = Field(description="What it is about: the fingerprint of an alert, the source of a CloudEvent.")
    title: str = Field(default="", description="What people call it, e.g. the alert's name.")
    labels: dict[str, str] = Field(default_factory=dict, description="What rules can match.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="All of it, as it was sent.")
    occurred: Moment = Field(description="When it happened, says the sender.")


class Delivery(Value):
    """The events of one request of a source."""

    source: Name
    events: tuple[IncomingEvent, ...]


class StoredEvent(Value):
    """An event that was taken in, with its place in the queue."""

    place: int
    source: Name
    event: IncomingEvent
    received_at: Moment
    attempts: int = Field(default=0, description="How often it was passed on.")

    @property
    def id(self) -> UUID:
        """Its id in Prefect: always the same, so that passing it on again is no second event."""
        return event_id(self.source, self.event.key)


def event_id(source: str, key: str) -> UUID:
    """The id in Prefect of a source's event with this key."""
    return uuid5(_NAMESPACE, f"{source}/{key}")


class Accepted(Value):
    """What became of the events of one delivery."""

    stored: int
    repeated: int


class EventCounts(Value):
    """How the queue stands."""

    kept: int = Field(description="All rows.")
    waiting: int = Field(description="Not passed on yet.")
    unconfirmed: int = Field(description="Passed on; Prefect has not shown them yet.")
    refused: int = Field(description="Given up in the last day: Prefect did not take them.")
    oldest_waiting_seconds: float = Field(description="Since when the oldest of the waiting is here.")

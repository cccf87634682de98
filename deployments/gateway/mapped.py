"""Reads JSON of any shape by a mapping of JSON pointers."""

from datetime import datetime
from typing import cast

from jsonpointer import resolve_pointer
from pydantic import AwareDatetime, JsonValue, TypeAdapter, ValidationError

from blueprint.events import EventMapping, IncomingEvent
from deployments.gateway.making import make_event, require_few
from deployments.gateway.refusals import Refused

_MOMENT = TypeAdapter[AwareDatetime](AwareDatetime)


def read_mapped(mapping: EventMapping, document: JsonValue, received: datetime) -> tuple[IncomingEvent, ...]:
    """The events that the mapping finds, named `json.<name>`; Refused when what it points at is missing."""
    found = _at(document, mapping.events)
    documents = found if isinstance(found, list) else [found]
    require_few(len(documents))
    return tuple(_event(mapping, each, received) for each in documents)


def _event(mapping: EventMapping, document: JsonValue, received: datetime) -> IncomingEvent:
    if not isinstance(document, dict):
        raise Refused(
            "malformed", f"There is no JSON object at {mapping.events or 'the top'!r} of the body, as the mapping says."
        )
    name = _text_at(document, mapping.name) if mapping.name.startswith("/") else mapping.name
    if not name:
        raise Refused("malformed", f"The event has no name at {mapping.name!r}, as the mapping says.")
    identity = _at(document, mapping.id) if mapping.id else document
    labels = {label: _text_at(document, pointer) for label, pointer in mapping.labels.items()}
    return make_event(
        name=f"json.{name}",
        identity=["whole", document] if identity is None else ["id", identity],
        subject=(_text_at(document, mapping.subject) if mapping.subject else "") or name,
        title=name,
        labels={label: text for label, text in labels.items() if text},
        payload=document,
        occurred=_moment(document, mapping.time) or received,
    )


def _at(document: JsonValue, pointer: str) -> JsonValue:
    """What the pointer finds; None when there is nothing."""
    found: object = resolve_pointer(document, pointer, None)
    return cast("JsonValue", found) if isinstance(found, str | int | float | list | dict) else None


def _text_at(document: JsonValue, pointer: str) -> str:
    """A string, number or truth value as text; empty when there is none of them."""
    match _at(document, pointer):
        case bool() as value:
            return str(value).lower()
        case str() | int() | float() as value:
            return str(value)
        case _:
            return ""


def _moment(document: JsonValue, pointer: str) -> datetime | None:
    """The time that is there; None when there is none. Refused when it is no time."""
    value = _at(document, pointer) if pointer else None
    try:
        return None if value is None else _MOMENT.validate_python(value)
    except (ValidationError, OverflowError):
        raise Refused("malformed", f"At {pointer!r} is neither a time (ISO 8601 with an offset) nor seconds.") from None

"""Reads CloudEvents 1.0 over HTTP: structured, binary and batched."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from blueprint.events import IncomingEvent
from blueprint.values import storable
from deployments.gateway.making import make_event, malformed, require_few
from deployments.gateway.reading import read_json
from deployments.gateway.refusals import Refused

_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_PREFIX = "ce-"
_NO_LABELS = ("specversion", "id", "time", "data", "data_base64", "datacontenttype", "dataschema")


class _CloudEvent(BaseModel):
    """The attributes that count; extensions are kept as they are."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    subject: str = ""
    time: AwareDatetime | None = None


def read_cloudevents(headers: Mapping[str, str], body: bytes, received: datetime) -> tuple[IncomingEvent, ...]:
    """The events of one request, named `cloudevents.<type>`; Refused when it holds none. Names in `headers` are lower-case."""
    documents = _documents(headers, body)
    require_few(len(documents))
    return tuple(_event(document, received) for document in documents)


def _documents(headers: Mapping[str, str], body: bytes) -> list[JsonValue]:
    """The events in structured form, whichever the request had."""
    content_type = _media_type(headers)
    if content_type == _BATCH:
        batch = read_json(body)
        if not isinstance(batch, list):
            raise Refused("malformed", f"A body of type {_BATCH} is a list of CloudEvents.")
        return batch
    if content_type == _STRUCTURED:
        return [read_json(body)]
    if f"{_PREFIX}specversion" in headers:
        return [_from_binary(headers, body)]
    raise Refused("malformed", f"This is no CloudEvent: send {_STRUCTURED}, {_BATCH}, or the attributes as ce- headers.")


def _event(document: JsonValue, received: datetime) -> IncomingEvent:
    try:
        event = _CloudEvent.model_validate(document)
    except ValidationError as error:
        raise malformed("CloudEvent 1.0", error) from None
    payload = document if isinstance(document, dict) else {}
    return make_event(
        name=f"cloudevents.{event.type}",
        identity=[event.source, event.id],
        subject=f"{event.source} {event.subject}".strip(),
        title=event.subject or event.type,
        labels={name: _text(value) for name, value in payload.items() if name not in _NO_LABELS and _is_scalar(value)},
        payload=payload,
        occurred=event.time or received,
    )


def _from_binary(headers: Mapping[str, str], body: bytes) -> dict[str, JsonValue]:
    """Attributes from the headers, percent-decoded as the HTTP binding says, and the body as data."""
    attributes: dict[str, JsonValue] = {
        name.removeprefix(_PREFIX): storable(unquote(value)) for name, value in headers.items() if name.startswith(_PREFIX)
    }
    content_type = _media_type(headers)
    if content_type:
        attributes["datacontenttype"] = content_type
    if not body:
        return attributes
    if content_type in ("", "application/json") or content_type.endswith("+json"):
        return {**attributes, "data": read_json(body)}
    if content_type.startswith("text/"):
        return {**attributes, "data": storable(body.decode("utf-8", "replace"))}
    return {**attributes, "data_base64": base64.b64encode(body).decode()}


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_scalar(value: JsonValue) -> bool:
    return isinstance(value, str | int | float)


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

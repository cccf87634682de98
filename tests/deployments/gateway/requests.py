"""What senders send: notifications of Alertmanager and Grafana as they were seen, and CloudEvents."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from blueprint.connections import EventSourceConnection
from blueprint.events import IncomingEvent
from deployments.gateway.parsing import parse

RECEIVED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKEN = "a-token-of-a-source"


def source(kind: str, **fields: Any) -> EventSourceConnection:
    """A source of this kind, with the token `TOKEN`."""
    return EventSourceConnection.model_validate({"name": "web", "kind": kind, "secret": SecretStr(TOKEN), **fields})


def read(kind: str, document: object, headers: dict[str, str] | None = None, **fields: Any) -> tuple[IncomingEvent, ...]:
    """The events in a request of a source of this kind; a `document` of bytes is the body as it is."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse(source(kind, **fields), headers or {}, body, RECEIVED)


def alert(fingerprint: str = "11458e5805c85682", status: str = "firing", **changed: Any) -> dict[str, Any]:
    """An alert of a notification."""
    ended = "2026-11-20T23:05:00Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    return {
        "status": status,
        "labels": {"alertname": "HighCPU", "instance": "w1", "service": "web", "severity": "page"},
        "annotations": {"summary": "cpu"},
        "startsAt": "2026-11-20T23:00:00.123456789Z",
        "endsAt": ended,
        "generatorURL": "http://g",
        "fingerprint": fingerprint,
        **changed,
    }


def notification(*alerts: dict[str, Any], version: str = "4", **changed: Any) -> dict[str, Any]:
    """What Alertmanager sends for a group."""
    return {
        "receiver": "agent",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "HighCPU"},
        "commonLabels": {"alertname": "HighCPU"},
        "commonAnnotations": {"summary": "cpu"},
        "externalURL": "http://vm:4531",
        "version": version,
        "groupKey": '{}/{severity=~".+"}:{alertname="HighCPU"}',
        "truncatedAlerts": 0,
        **changed,
    }


CLOUD_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "https://ci.example.com/builds",
    "type": "com.example.build.failed",
    "subject": "shop/42",
    "time": "2026-11-20T23:00:00+01:00",
    "datacontenttype": "application/json",
    "stage": "test",
    "data": {"branch": "main"},
}

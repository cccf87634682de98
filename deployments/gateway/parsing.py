"""From a request to events, by the kind of its source."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from blueprint.connections import EventSourceConnection
from blueprint.events import IncomingEvent
from deployments.gateway.alerts import read_alerts
from deployments.gateway.cloudevents import read_cloudevents
from deployments.gateway.mapped import read_mapped
from deployments.gateway.reading import read_json


def parse(
    source: EventSourceConnection, headers: Mapping[str, str], body: bytes, received: datetime
) -> tuple[IncomingEvent, ...]:
    """All events of one request; Refused, with a sentence for the sender, when it has another form. No I/O."""
    match source.kind:
        case "alertmanager" | "grafana":
            return read_alerts(source.kind, read_json(body))
        case "cloudevents":
            return read_cloudevents(headers, body, received)
        case "json":
            return read_mapped(source.mapping, read_json(body), received)
        case _:
            assert_never(source.kind)

"""Reads the webhooks of Alertmanager (version 4) and of Grafana's alerting, which has the same shape.

A group may hold firing and resolved alerts at once, so each alert is an event of its own by its own status. There is no id
of a delivery: an alert is the same event when fingerprint, start and status are (retries, repeats, two Alertmanagers).
"""

from typing import Literal, cast

from pydantic import AwareDatetime, BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from blueprint.events import IncomingEvent
from blueprint.values import digest
from deployments.gateway.making import make_event, malformed, require_few
from deployments.gateway.refusals import Refused

AlertKind = Literal["alertmanager", "grafana"]

VERSIONS: dict[AlertKind, str] = {"alertmanager": "4", "grafana": "1"}
_TITLES: dict[AlertKind, str] = {"alertmanager": "webhook of Alertmanager", "grafana": "webhook of Grafana"}
_MOMENT = TypeAdapter[AwareDatetime](AwareDatetime)
_OPEN = "0001-01-01T00:00:00Z"


class _Alert(BaseModel):
    """What is needed of an alert. Other fields are ignored here, and kept: newer senders have more of them."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: str = Field(alias="startsAt", max_length=64)
    ends_at: str = Field(default=_OPEN, alias="endsAt", max_length=64)
    fingerprint: str = Field(default="", max_length=200)


class _Notification(BaseModel):
    version: str
    alerts: list[_Alert]


def read_alerts(kind: AlertKind, document: JsonValue) -> tuple[IncomingEvent, ...]:
    """An event for each alert, `<kind>.firing` or `<kind>.resolved`; Refused when the document is no such webhook."""
    raw = document.get("alerts") if isinstance(document, dict) else None
    require_few(len(raw) if isinstance(raw, list) else 0)
    try:
        notification = _Notification.model_validate(document)
        if notification.version != VERSIONS[kind]:
            given, read = notification.version[:20], VERSIONS[kind]
            raise Refused("malformed", f"This is version {given!r} of the {_TITLES[kind]}; {read!r} is read here.")
        return tuple(
            _event(kind, alert, payload, cast("dict[str, JsonValue]", document))
            for alert, payload in zip(notification.alerts, cast("list[dict[str, JsonValue]]", raw), strict=True)
        )
    except ValidationError as error:
        raise malformed(_TITLES[kind], error) from None


def _event(kind: AlertKind, alert: _Alert, payload: dict[str, JsonValue], group: dict[str, JsonValue]) -> IncomingEvent:
    fingerprint = alert.fingerprint or digest(cast("dict[str, JsonValue]", alert.labels))[:16]
    ended = alert.status == "resolved" and not alert.ends_at.startswith("0001-")
    return make_event(
        name=f"{kind}.{alert.status}",
        identity=[fingerprint, alert.starts_at, alert.status],
        subject=fingerprint,
        title=alert.labels.get("alertname", ""),
        labels=alert.labels,
        payload={**payload, "group": {name: group[name] for name in _OF_GROUP if name in group}},
        occurred=_MOMENT.validate_python(alert.ends_at if ended else alert.starts_at),
    )


_OF_GROUP = ("receiver", "groupKey", "externalURL", "truncatedAlerts")
"""What an event keeps of the notification around it."""

"""Whether an automation waits for an event is judged here as Prefect's server judges it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.events.schemas.automations import Automation, EventTrigger
from prefect.server.events.schemas.automations import EventTrigger as ServersTrigger
from prefect.server.events.schemas.events import ReceivedEvent

from blueprint.events import IncomingEvent, StoredEvent
from deployments.gateway.prefect_events import prefect_event
from deployments.gateway.wanted import Rules, waits_for

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DISK = {"alertname": "DiskFull", "instance": "db1"}
TRIGGERS: list[dict[str, Any]] = [
    {"expect": ["alertmanager.firing"]},
    {"expect": ["alertmanager.*"]},
    {"expect": ["alertmanager.resolved"]},
    {"expect": []},
    {"expect": ["other", "alertmanager.f*"], "match": {"alertname": "Disk*"}},
    {"expect": ["alertmanager.firing"], "match": {"alertname": ["Slow", "DiskFull"], "instance": "db?"}},
    {"expect": ["alertmanager.firing"], "match": {"alertname": "!DiskFull"}},
    {"expect": ["alertmanager.firing"], "match": {"alertname": "!Slow", "instance": "[a-d]b1"}},
    {"expect": ["alertmanager.firing"], "match": {"team": "*"}},
    {"expect": ["alertmanager.firing"], "match": {"team": "!x"}},
    {"expect": ["alertmanager.firing"], "match": {"prefect.resource.id": "missions.event.*", "missions.source": "prod"}},
    {"expect": ["alertmanager.firing"], "match_related": {"prefect.resource.role": "flow"}},
]


def stored(**labels: str) -> StoredEvent:
    event = IncomingEvent(name="alertmanager.firing", key="k", subject="f1", labels=labels, occurred=NOW)
    return StoredEvent(place=1, source="prod", event=event, received_at=NOW)


def automation(**trigger: Any) -> Automation:
    whole = {"type": "event", "posture": "Reactive", **trigger}
    return Automation.model_validate({"id": uuid4(), "name": "n", "trigger": whole, "actions": [{"type": "do-nothing"}]})


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("labels", [DISK, {}, {"alertname": "Slow", "team": "y"}])
def test_an_event_is_wanted_when_prefects_server_would_count_it(trigger: dict[str, Any], labels: dict[str, str]):
    event = prefect_event(stored(**labels))
    received = ReceivedEvent.model_validate(event.model_dump() | {"received": NOW})
    servers = ServersTrigger.model_validate({"type": "event", "posture": "Reactive", **trigger})
    expected = servers.expects(received.event) and servers.covers_resources(received.resource, received.related)
    assert waits_for(EventTrigger.model_validate({"posture": "Reactive", **trigger}), event) is expected


async def test_a_new_automation_is_asked_for_when_an_event_seems_unwanted(monkeypatch: pytest.MonkeyPatch):
    there: list[Automation] = []

    async def load() -> Sequence[Automation]:
        return list(there)

    monkeypatch.setattr("deployments.gateway.wanted.FRESH_SECONDS", 0.0)
    rules = Rules(load)
    assert not await rules.want(stored(**DISK))
    within = automation(expect=["alertmanager.firing"]).trigger.model_dump()
    there.append(automation(type="compound", require="any", within=60, triggers=[within]))
    assert await rules.want(stored(**DISK))


async def test_a_disabled_automation_wants_nothing():
    async def load() -> Sequence[Automation]:
        return [automation(expect=["alertmanager.firing"]).model_copy(update={"enabled": False})]

    assert not await Rules(load).want(stored(**DISK))


async def test_nothing_counts_as_unwanted_while_prefect_does_not_answer():
    async def load() -> Sequence[Automation]:
        raise httpx.ConnectError("away")

    assert await Rules(load).want(stored(**DISK))

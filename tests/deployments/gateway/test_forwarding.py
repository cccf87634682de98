"""Events on their way to Prefect: a stand-in for its API that loses, refuses and is away."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from blueprint.events import Delivery, StoredEvent
from deployments.gateway import forwarding
from deployments.gateway.counters import Counters
from deployments.gateway.forwarding import Forwarder
from deployments.gateway.prefect_events import prefect_event, resource_id
from tests.deployments.gateway.requests import alert, notification, read
from tests.fakes.event_store import MemoryEvents
from tests.fakes.serving import serving


@dataclass(kw_only=True)
class EventsApi:
    """What Prefect does with events: takes them into memory, writes them down, lists those that it wrote down."""

    status: int = 204
    refused: str = ""
    is_writing: bool = True
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    written: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    async def take(self, request: Request) -> Response:
        events = await request.json()
        if any(event["resource"]["prefect.resource.name"] == self.refused for event in events):
            return Response("odd", status_code=422)
        if self.status == 204:
            self.taken += events
            if self.is_writing:
                self.written |= {event["id"]: event for event in events}
        return Response(status_code=self.status)

    async def listed(self, request: Request) -> Response:
        wanted = (await request.json())["filter"]["id"]["id"]
        found = [
            {**self.written[event], "received": self.written[event]["occurred"]} for event in wanted if event in self.written
        ]
        return JSONResponse({"events": found, "total": len(found), "next_page": None})


@dataclass(kw_only=True)
class Way:
    """A forwarder between a store and such an API."""

    api: EventsApi
    store: MemoryEvents
    forwarder: Forwarder
    counters: Counters

    async def keep(self, *names: str) -> None:
        """An alert of each name waits."""
        alerts = [alert(name, labels={"alertname": name}) for name in names]
        await self.store.add([Delivery(source="web", events=read("alertmanager", notification(*alerts)))])


@pytest.fixture
async def way(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Way]:
    """Nothing is under way yet; whatever is passed on is looked for in the next round."""
    monkeypatch.setattr(forwarding, "_CONFIRM_SECONDS", 0.0)
    api, store, counters = EventsApi(), MemoryEvents(), Counters()
    routes = [Route("/api/events", api.take, methods=["POST"]), Route("/api/events/filter", api.listed, methods=["POST"])]
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        async with serving(Starlette(routes=routes)) as url, PrefectClient(api=f"{url}/api") as client:
            forwarder = Forwarder(store=store, client=client, counters=counters)
            yield Way(api=api, store=store, forwarder=forwarder, counters=counters)


async def test_event_is_passed_on_once_and_confirmed_when_prefect_shows_it(way: Way) -> None:
    await way.keep("a", "b")
    for _ in range(3):
        assert await way.forwarder.round() is False
    assert [event["resource"]["alertname"] for event in way.api.taken] == ["a", "b"]
    assert way.store.confirmed == [1, 2]
    assert 'missions_events_passed_on_total{source="web"} 2.0' in way.counters.page(None).decode()


async def test_event_that_prefect_lost_is_passed_on_again_as_the_same_event(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "AGAIN_AFTER", timedelta(0))
    way.api.is_writing = False
    await way.keep("a")
    await way.forwarder.round()
    way.api.is_writing = True
    await way.forwarder.round()
    await way.forwarder.round()
    assert len(way.api.taken) == 2
    assert way.api.taken[0] == way.api.taken[1]
    assert way.store.confirmed == [1]
    assert 'missions_events_passed_on_total{source="web"} 1.0' in way.counters.page(None).decode()


async def test_event_that_never_shows_up_is_given_up_by_name(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "AGAIN_AFTER", timedelta(0))
    way.api.is_writing = False
    await way.keep("a")
    for _ in range(forwarding.MOST_ATTEMPTS + 2):
        await way.forwarder.round()
    assert len(way.api.taken) == forwarding.MOST_ATTEMPTS
    assert way.store.refusals == {1: "Prefect took it 12 times and never showed it."}


async def test_event_that_prefect_refuses_does_not_hold_up_the_others(way: Way) -> None:
    way.api.refused = "b"
    await way.keep("a", "b", "c")
    await way.forwarder.round()
    assert [event["resource"]["alertname"] for event in way.api.taken] == ["a", "c"]
    assert way.store.refusals == {2: "Prefect answered 422: odd"}


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_events_wait_while_prefect_does_not_take_them(way: Way, status: int) -> None:
    way.api.status = status
    await way.keep("a")
    with pytest.raises(PrefectHTTPStatusError):
        await way.forwarder.round()
    assert way.store.passed == []
    way.api.status = 204
    await way.forwarder.round()
    assert way.store.passed == [1]


async def test_events_wait_while_prefect_is_not_there(way: Way) -> None:
    await way.keep("a")
    async with PrefectClient(api="http://127.0.0.1:9/api") as nobody:
        with pytest.raises(httpx.TransportError):
            await Forwarder(store=way.store, client=nobody, counters=way.counters).round()
    assert way.store.passed == []


async def test_no_more_is_under_way_than_prefect_remembers(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "MOST_UNCONFIRMED", 60)
    way.api.is_writing = False
    await way.keep(*[f"a{number}" for number in range(100)])
    assert await way.forwarder.round() is True
    for _ in range(3):
        assert await way.forwarder.round() is False
    assert len(way.api.taken) == 60


async def test_event_that_no_rule_wants_is_passed_on_and_counted(way: Way) -> None:
    async def is_a(stored: StoredEvent) -> bool:
        return stored.event.title == "a"

    way.forwarder.is_wanted = is_a
    await way.keep("a", "b")
    await way.forwarder.round()
    assert len(way.api.taken) == 2
    assert 'missions_events_unwanted_total{source="web"} 1.0' in way.counters.page(None).decode()


async def test_labels_of_a_sender_never_pass_for_prefects_or_ours(way: Way) -> None:
    labels = {"prefect.resource.id": "prefect.flow.x", "missions.source": "other", "": "empty", "team": "db"}
    [event] = read("alertmanager", notification(alert("a b/c", labels=labels)))
    await way.store.add([Delivery(source="web", events=(event,))])
    [stored] = await way.store.waiting(1, again_after=timedelta(days=1))
    resource = prefect_event(stored).resource.root
    assert resource == {
        "event.prefect.resource.id": "prefect.flow.x",
        "event.missions.source": "other",
        "event.": "empty",
        "team": "db",
        "prefect.resource.id": resource_id(stored),
        "prefect.resource.name": "alertmanager.firing",
        "missions.source": "web",
    }
    assert resource_id(stored).startswith("missions.event.web.a-b-c-")

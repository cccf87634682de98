"""The gateway over HTTP: who may send, how much, and what is answered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette

from blueprint.connections import EventSourceConnection
from deployments.gateway.app import gateway_routes
from deployments.gateway.intake import Intake
from deployments.gateway.rates import Rates
from deployments.gateway.receiving import Gateway
from deployments.gateway.sources import Sources
from tests.deployments.gateway.requests import TOKEN, alert, notification, source
from tests.fakes.event_store import MemoryEvents
from tests.fakes.serving import serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
ALERT = notification(alert())


@dataclass(kw_only=True)
class Door:
    """A served gateway, its store, and the sources that it knows."""

    store: MemoryEvents = field(default_factory=MemoryEvents)
    known: list[EventSourceConnection] = field(default_factory=lambda: [source("alertmanager")])
    http: httpx.AsyncClient
    gateway: Gateway

    async def post(self, document: object = ALERT, *, to: str = "web", **headers: str) -> httpx.Response:
        """The answer to a request with the token, unless `headers` have another."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return await self.http.post(f"/events/{to}", content=content, headers=BEARER | headers)


@pytest.fixture
async def door() -> AsyncGenerator[Door]:
    """A gateway that has read its sources."""
    known = [source("alertmanager")]

    async def load() -> list[EventSourceConnection]:
        return known

    store = MemoryEvents()
    gateway = Gateway(sources=Sources(load), intake=Intake(store=store))
    await gateway.sources.refresh()
    async with serving(Starlette(routes=gateway_routes(gateway))) as url, httpx.AsyncClient(base_url=url) as http:
        yield Door(store=store, known=known, http=http, gateway=gateway)


async def test_event_is_stored_before_it_is_acknowledged_and_a_repeated_one_is_acknowledged_too(door: Door) -> None:
    first, second = await door.post(), await door.post()
    assert (first.status_code, first.json()) == (200, {"stored": 1, "repeated": 0})
    assert (second.status_code, second.json()) == (200, {"stored": 0, "repeated": 1})
    assert [stored.event.title for stored in door.store.kept.values()] == ["HighCPU"]
    assert door.gateway.news.is_set()


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}"])
async def test_request_without_the_token_is_refused_without_a_detail(door: Door, token: str) -> None:
    answer = await door.post(Authorization=token)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized."})
    assert door.store.kept == {}


async def test_unknown_source_is_not_found_and_looks_like_any_other(door: Door) -> None:
    answers = [await door.post(to=name) for name in ("no", "..", "web%20", "%00", "x" * 500)]
    assert {(answer.status_code, answer.text) for answer in answers} <= {(404, '{"detail":"Unknown."}'), (404, "Not Found")}


async def test_signature_counts_for_exactly_the_body(door: Door) -> None:
    door.known[:] = [source("alertmanager", authentication="hmac")]
    await door.gateway.sources.refresh()
    body = json.dumps(ALERT).encode()
    signature = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    other = {"Authorization": ""}
    assert (await door.post(body + b" ", **other, **{"X-Hub-Signature-256": signature})).status_code == 401
    assert (await door.post(body, **other)).status_code == 401
    assert (await door.post(body, **BEARER)).status_code == 401
    assert (await door.post(body, **other, **{"X-Hub-Signature-256": f"sha256={signature}"})).status_code == 200
    assert (await door.post(body, **other, **{"x-hub-signature-256": signature.upper()})).status_code == 200


async def test_source_that_was_added_or_changed_a_moment_ago_may_send_at_once(door: Door) -> None:
    door.known.append(source("alertmanager", name="new"))
    assert (await door.post(to="new")).status_code == 200
    door.known[:] = [source("alertmanager", secret="another-token-of-it")]
    assert (await door.post(Authorization="Bearer another-token-of-it")).status_code == 200
    assert (await door.post(to="new")).status_code == 404


async def test_strangers_who_come_at_once_cost_one_look_at_the_sources() -> None:
    looks = 0

    async def load() -> list[EventSourceConnection]:
        nonlocal looks
        looks += 1
        return []

    gateway = Gateway(sources=Sources(load), intake=Intake(store=MemoryEvents()))
    await gateway.sources.refresh()
    async with serving(Starlette(routes=gateway_routes(gateway))) as url, httpx.AsyncClient(base_url=url) as http:
        answers = await asyncio.gather(*[http.post("/events/no", json=ALERT) for _ in range(20)])
    assert [answer.status_code for answer in answers] == [404] * 20
    assert looks <= 3


async def test_stranger_is_told_to_try_again_while_the_sources_can_not_be_read(door: Door) -> None:
    async def fail() -> list[EventSourceConnection]:
        raise httpx.ConnectError("Prefect is away")

    door.gateway.sources._load = fail  # pyright: ignore[reportPrivateUsage]
    assert (await door.post()).status_code == 200
    assert (await door.post(to="new")).status_code == 503


async def test_body_that_is_too_large_is_refused_however_its_size_is_told(door: Door) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    declared = await door.post(b" " * 1_000_001)
    streamed = await door.http.post("/events/web", content=chunks(), headers=BEARER)
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert "larger than 1000000 bytes" in declared.json()["detail"]


async def test_malformed_request_gets_a_sentence_and_nothing_of_it_is_kept(door: Door) -> None:
    answer = await door.post(notification(alert(), alert("2", "odd")))
    assert answer.status_code == 400
    assert (
        answer.json()["detail"]
        == "The body is no webhook of Alertmanager: alerts.1.status: Input should be 'firing' or 'resolved'."
    )
    assert door.store.kept == {}


async def test_source_that_sends_too_often_is_told_when_to_come_again(door: Door) -> None:
    door.gateway.rates = Rates(per_second=0.25, at_once=2, clock=lambda: 0.0)
    answers = [await door.post() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "4"


async def test_requests_without_the_token_use_up_nothing_of_a_source(door: Door) -> None:
    door.gateway.rates = Rates(per_second=1, at_once=1, clock=lambda: 0.0)
    assert (await door.post(Authorization="Bearer wrong")).status_code == 401
    assert (await door.post()).status_code == 200


async def test_sender_is_told_to_try_again_while_the_store_or_the_sources_are_away(door: Door) -> None:
    door.store.is_away = True
    away = await door.post()
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    door.store.is_away = False
    door.gateway.intake = None
    assert (await door.post()).status_code == 503
    door.gateway.sources = Sources(door.gateway.sources._load)  # pyright: ignore[reportPrivateUsage] never read
    assert (await door.post()).status_code == 503
    assert door.store.kept == {}


async def test_get_and_head_say_how_to_use_it_and_change_nothing(door: Door) -> None:
    for path in ("/events", "/events/web", "/events/nobody"):
        answer = await door.http.get(path)
        assert "POST them to /events/<source>" in answer.text
        assert (await door.http.head(path)).status_code == 200
    assert (await door.http.put("/events/web")).status_code == 405


async def test_what_comes_at_once_is_written_together(door: Door) -> None:
    answers = await asyncio.gather(*[door.post(notification(alert(str(number)))) for number in range(30)])
    assert sum(answer.json()["stored"] for answer in answers) == len(door.store.kept) == 30
    assert door.store.writes <= 30


async def test_metrics_count_by_source_and_reason_and_show_the_queue(door: Door) -> None:
    await door.post()
    await door.post()
    await door.post(b"{")
    await door.post(to="nobody")
    page = (await door.http.get("/metrics")).text
    for line in (
        'missions_events_received_total{source="web"} 2.0',
        'missions_events_stored_total{source="web"} 1.0',
        'missions_events_duplicate_total{source="web"} 1.0',
        'missions_event_requests_refused_total{reason="malformed"} 1.0',
        'missions_event_requests_refused_total{reason="unknown"} 1.0',
        "missions_event_request_seconds_count 4.0",
        "missions_events_waiting 1.0",
    ):
        assert f"\n{line}\n" in page
    assert "nobody" not in page
    door.store.is_away = True
    assert "missions_events_waiting NaN" in (await door.http.get("/metrics")).text

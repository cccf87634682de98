"""From a request to the gateway of a whole installation to what waits for its event in Prefect."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.events.filters import EventFilter, EventIDFilter
from pydantic import SecretStr
from sqlalchemy import select

from benchmarks.alert_storm import FINGERPRINTS, alerts, kill_service, storm
from blocks.event_source import EventSource
from blocks.store.tables import events
from blueprint.errors import Unavailable
from blueprint.events import event_id
from flows.doctor.events import check_automations, check_events
from tests.deployments.gateway.requests import TOKEN, alert, notification
from tests.fakes.automations import automation, runs_of, waiting_deployment
from tests.fakes.installation import Installation

SECONDS = 60
"""Prefect writes events down every five seconds; a busy machine takes longer."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Something that may send alerts to the installation."""

    name: str
    url: str

    async def post(self, *alerts: dict[str, object]) -> dict[str, int]:
        """The answer to a notification with these alerts."""
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as http:
            answer = await http.post(self.url, json=notification(*alerts), timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def sender(installation: Installation) -> AsyncGenerator[Sender]:
    """A source of its own for each test."""
    name = f"source-{uuid4().hex[:8]}"
    with installation.chosen():
        await EventSource(secret=SecretStr(TOKEN)).asave(name)
        yield Sender(name=name, url=f"{installation.addresses.service_url}/events/{name}")
        await EventSource.adelete(name)


async def run_count(client: PrefectClient, deployment: object, count: int) -> None:
    """Wait until the deployment has so many runs."""
    async with asyncio.timeout(SECONDS):
        while len(await runs_of(client, deployment)) < count:  # pyright: ignore[reportArgumentType]
            await asyncio.sleep(0.1)


async def failures(client: PrefectClient) -> str:
    """What the doctor says of automations that failed; empty when none did."""
    try:
        await check_automations(client)
    except Unavailable as error:
        return str(error)
    return ""


async def test_alert_starts_one_run_that_gets_its_labels_however_often_it_is_sent(
    installation: Installation, sender: Sender
) -> None:
    async with installation.client() as client, waiting_deployment(client, sender.name) as deployment:
        assert await sender.post(alert("f1")) == {"stored": 1, "repeated": 0}
        assert await sender.post(alert("f1"), alert("f1", "resolved")) == {"stored": 1, "repeated": 1}
        assert await sender.post(alert("f2")) == {"stored": 1, "repeated": 0}
        await run_count(client, deployment, 2)
        first, second = sorted(
            await runs_of(client, deployment), key=lambda run: run.parameters["payload"]["data"]["fingerprint"]
        )
        assert first.parameters["payload"]["labels"] == alert()["labels"]
        assert [run.parameters["payload"]["data"]["fingerprint"] for run in (first, second)] == ["f1", "f2"]
        async with installation.store() as store, asyncio.timeout(SECONDS):
            while (await store.events.counts()).unconfirmed:
                await asyncio.sleep(0.1)
            assert "0 waiting" in await check_events(store)
        assert len(await runs_of(client, deployment)) == 2


async def test_doctor_names_an_automation_whose_action_failed_and_why(installation: Installation, sender: Sender) -> None:
    name = f"broken-{uuid4().hex[:8]}"
    async with installation.client() as client:
        async with automation(client, name, sender.name, "alertmanager.firing", 0, uuid4(), {}):
            await sender.post(alert("f1"))
            async with asyncio.timeout(SECONDS):
                while name not in (said := await failures(client)):
                    await asyncio.sleep(0.2)
    assert f"{name!r} (1 times, last: " in said


async def test_storm_with_the_service_killed_in_it_leaves_each_alert_accounted_for(folder: Path) -> None:
    installation = Installation(home=folder / "home")
    async with installation.running():
        await EventSource(secret=SecretStr(TOKEN)).asave("storm")
        url, sent = f"{installation.addresses.service_url}/events/storm", alerts(200, 4.0, "f")
        async with installation.client() as client, waiting_deployment(client, "storm", cooldown_seconds=3600) as deployment:
            sending = asyncio.create_task(storm(url, TOKEN, sent))
            async with installation.store() as store:
                async with asyncio.timeout(SECONDS):
                    while (await store.events.counts()).kept < 50:
                        await asyncio.sleep(0.05)
                kill_service(installation)
                seen = await sending
                distinct = {alert.identity for alert in sent}
                assert len(seen.seconds) == len(sent)
                assert seen.retries > 0
                async with asyncio.timeout(SECONDS):
                    while (counts := await store.events.counts()).waiting or counts.unconfirmed:
                        await asyncio.sleep(0.2)
                assert (counts.kept, counts.refused) == (len(distinct), 0)
                async with store.engine.connect() as connection:
                    rows = (await connection.execute(select(events.c.key, events.c.seen))).all()
            assert sum(row.seen for row in rows) >= len(sent)
            await run_count(client, deployment, FINGERPRINTS)
            assert await _in_prefect(client, [row.key for row in rows]) == len(distinct)
            assert len(await runs_of(client, deployment)) == FINGERPRINTS


async def _in_prefect(client: PrefectClient, keys: list[str]) -> int:
    """How many of the events Prefect has."""
    ids = [event_id("storm", key) for key in keys]
    pages = [
        await client.read_events(EventFilter(id=EventIDFilter(id=ids[at : at + 50])), limit=50) for at in range(0, len(ids), 50)
    ]
    return len({event.id for page in pages for event in page.events})

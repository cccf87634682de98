"""What a storm of alerts does to the gateway of a whole installation, once quietly and once with the service killed in it."""

import asyncio
import logging
import secrets

from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker
from pydantic import SecretStr

from benchmarks.alert_storm import Storm, alerts, kill_service, storm
from benchmarks.machine import Row, machine_line, table
from blocks.event_source import EventSource
from tests.fakes.automations import runs_of, waiting_deployment
from tests.fakes.installation import Installation, open_folder

COUNT, SECONDS = 1_000, 10.0

_SOURCE = "storm"
_DAY = 86_400
_SETTLED_SECONDS = 300.0


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    EventsWorker.set_client_override(NullEventsClient)  # this process's own events would wait for servers that are long gone
    print("\n".join([machine_line(), "", *table(asyncio.run(_measure()))]))


async def _measure() -> list[Row]:
    with open_folder() as folder:
        installation = Installation(home=folder / "home")
        async with installation.running():
            return await _figures(installation)


async def _figures(installation: Installation) -> list[Row]:
    token = secrets.token_urlsafe()
    await EventSource(secret=SecretStr(token)).asave(_SOURCE)
    url = f"{installation.addresses.service_url}/events/{_SOURCE}"
    async with installation.client() as client:
        async with waiting_deployment(client, _SOURCE, cooldown_seconds=_DAY) as deployment:
            quiet = await storm(url, token, alerts(COUNT, SECONDS, "quiet"))
            killed = await _killed(installation, url, token)
            kept, refused = await _settled(installation)
            started = len(await runs_of(client, deployment))
    distinct = len({alert.identity for each in (quiet, killed) for alert in each.alerts})
    return [
        (f"{COUNT} alerts in {SECONDS:.0f} s: answers, median / 99 of 100 / worst", _times(quiet)),
        ("the same, the service killed after 5 s", _times(killed)),
        ("sent again meanwhile, until answered with 200", f"{killed.retries}"),
        ("different events sent / kept / in Prefect", f"{distinct} / {kept} / {kept - refused}"),
        ("runs (two storms of 20 fingerprints, cool-down of a day)", f"{started}"),
    ]


async def _killed(installation: Installation, url: str, token: str) -> Storm:
    sending = asyncio.create_task(storm(url, token, alerts(COUNT, SECONDS, "killed")))
    await asyncio.sleep(SECONDS / 2)
    kill_service(installation)
    return await sending


async def _settled(installation: Installation) -> tuple[int, int]:
    """How many events are kept, and how many of them Prefect refused, once it is known of all."""
    async with installation.store() as store, asyncio.timeout(_SETTLED_SECONDS):
        while (counts := await store.events.counts()).waiting or counts.unconfirmed:
            await asyncio.sleep(0.5)
    return counts.kept, counts.refused


def _times(result: Storm) -> str:
    figures = (result.percentile(0.5), result.percentile(0.99), max(result.seconds))
    return " / ".join(f"{seconds * 1000:.0f}" for seconds in figures) + " ms"


if __name__ == "__main__":
    main()

"""Checks that an installation works, each part by itself, and says how to mend what does not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException

from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blocks.store.store import Store
from blueprint.errors import MissionsError, Unavailable
from blueprint.notification import Channel
from blueprint.values import Value
from flows.doctor.connections import check_employee, check_model, check_tools
from flows.doctor.drift import MEND, check_plans
from flows.doctor.engine import check_scheduler, check_system_flows, check_worker
from flows.doctor.events import check_automations, check_events
from flows.notifying.loop import load_channels
from flows.notifying.testing import say_of

CHECK_SECONDS = 90.0
"""Longer than the scheduler may take; a model on a slow machine needs some time for its first word, too."""

SERVICE_SECONDS = 5.0
"""The service answers at once when it answers at all."""


class Check(Value):
    """What one check found; `mend` says what to do when it failed."""

    name: str
    is_ok: bool
    found: str
    mend: str = ""


@dataclass(frozen=True)
class _Part:
    name: str
    look: Callable[[], Awaitable[str]]
    mend: str


async def check_installation(store: Store, client: PrefectClient, *, service_url: str = "") -> list[Check]:
    """All checks, in a fixed order, done at the same time; none of them changes anything that lasts.

    Empty `service_url`: the parts are not run by a `missions up` of this machine, so where the service is can't be known.
    """
    service = _Part("service", partial(_service, service_url), "Look at logs/service.log; restart `missions up`.")
    parts = [
        _Part("store", partial(_store, store), "Look at logs/database.log; stop and start `missions up`."),
        *_engine(client),
        *_plans(store, client),
        *([service] if service_url else []),
        *await _connections(store),
    ]
    return await asyncio.gather(*[_checked(part) for part in parts])


def _engine(client: PrefectClient) -> list[_Part]:
    return [
        _Part(
            "scheduler",
            partial(check_scheduler, client),
            "Look for the scheduler in logs/server.log; check that the server's SQLAlchemy is older than 2.1.",
        ),
        _Part(
            "worker",
            partial(check_worker, client),
            "Look at logs/worker.log; start `missions up`, or `prefect worker start -p missions`.",
        ),
        _Part("system flows", partial(check_system_flows, client), "Start `missions up`, or run `prefect deploy --all`."),
    ]


def _plans(store: Store, client: PrefectClient) -> list[_Part]:
    return [
        _Part(
            "events",
            partial(check_events, store),
            "Look at logs/service.log and logs/server.log; the events wait in the store meanwhile.",
        ),
        _Part(
            "automations",
            partial(check_automations, client),
            "Look at the automation in the Prefect UI, and at its events; `missions launch` writes its Mission's anew.",
        ),
        _Part("plans", partial(check_plans, store, client), MEND),
    ]


async def _connections(store: Store) -> list[_Part]:
    """Of everything that is configured: models, tool servers, channels, employees."""
    again = "Start it, or correct its block; then `missions {} test {}`."
    form = "Correct the block in the Prefect UI under Blocks."
    models, servers, employees = [await block_names(kind) for kind in (ModelEndpoint, McpServer, DigitalEmployee)]
    return [
        *[_Part(f"model {name}", partial(check_model, name), again.format("model", name)) for name in models],
        *[_Part(f"tools {name}", partial(check_tools, name), again.format("tools", name)) for name in servers],
        *[_channel(store, channel) for channel in await load_channels()],
        *[_Part(f"employee {name}", partial(check_employee, name), form) for name in employees],
    ]


def _channel(store: Store, channel: Channel) -> _Part:
    mend = f"Correct its block in the Prefect UI; then `missions channel test {channel.name}`."
    return _Part(f"channel {channel.name}", partial(say_of, store, channel), mend)


async def _checked(part: _Part) -> Check:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return Check(name=part.name, is_ok=True, found=await part.look())
    except TimeoutError:
        return Check(name=part.name, is_ok=False, found=f"no answer within {CHECK_SECONDS:.0f} s", mend=part.mend)
    except (MissionsError, PrefectException, httpx.HTTPError) as error:
        return Check(name=part.name, is_ok=False, found=str(error) or type(error).__name__, mend=part.mend)


async def _store(store: Store) -> str:
    return f"answers, {len(await store.missions.list())} Missions"


async def _service(url: str) -> str:
    """The reconciler and the rehearsal model are one process: without it no waiting or broken run goes on."""
    try:
        async with httpx.AsyncClient(timeout=SERVICE_SECONDS, trust_env=False) as http:
            (await http.get(f"{url}/health")).raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(f"Nothing answers at {url} ({type(error).__name__}): no broken run would be put right.") from error
    return f"answers at {url}"

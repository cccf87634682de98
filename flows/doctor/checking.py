"""Checks that an installation works, each part by itself, and says how to mend what does not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from uuid import uuid4

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import WorkerStatus
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectException

from agent.model.openai_model import OpenAIModel
from agent.tools.mcp import McpToolset
from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blocks.store.store import Store
from blueprint.errors import MissionsError, Unavailable
from blueprint.values import Value
from deployments.present import find_deployments
from deployments.spec import WORK_POOL
from deployments.system import SYSTEM_TAG
from flows.doctor.drift import MEND, check_plans
from flows.doctor.events import check_automations, check_events
from flows.notifying.loop import load_channels
from flows.notifying.testing import say_of
from flows.tool_logins import by_login

SCHEDULER_SECONDS = 80.0
"""Prefect looks for new schedules every 5 s, and every 60 s for what it missed of them on a busy machine."""

WORKER_SECONDS = 10.0
"""A worker needs some time from its start to its first heartbeat."""

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


@dataclass(frozen=True, kw_only=True)
class _Part:
    name: str
    look: Callable[[], Awaitable[str]]
    mend: str


async def check_installation(store: Store, client: PrefectClient, *, service_url: str = "") -> list[Check]:
    """All checks, in a fixed order, done at the same time; none of them changes anything that lasts.

    Empty `service_url`: the parts are not run by a `missions up` of this machine, so where the service is can't be known.
    """
    parts = [
        _Part(name="store", look=lambda: _store(store), mend="Look at logs/database.log; stop and start `missions up`."),
        _Part(
            name="scheduler",
            look=lambda: _scheduler(client),
            mend="Look for the scheduler in logs/server.log; check that the server's SQLAlchemy is older than 2.1.",
        ),
        _Part(
            name="worker",
            look=lambda: _worker(client),
            mend="Look at logs/worker.log; start `missions up`, or `prefect worker start -p missions`.",
        ),
        _Part(
            name="system flows", look=lambda: _system_flows(client), mend="Start `missions up`, or run `prefect deploy --all`."
        ),
        _Part(
            name="events",
            look=lambda: check_events(store),
            mend="Look at logs/service.log and logs/server.log; the events wait in the store meanwhile.",
        ),
        _Part(
            name="automations",
            look=lambda: check_automations(client),
            mend="Look at the automation in the Prefect UI, and at its events; `missions launch` writes its Mission's anew.",
        ),
        _Part(name="plans", look=lambda: check_plans(store, client), mend=MEND),
        *(
            [_Part(name="service", look=lambda: _service(service_url), mend="Look at logs/service.log; restart `missions up`.")]
            if service_url
            else []
        ),
        *[
            _Part(
                name=f"model {name}",
                look=_model(name),
                mend=f"Start it, or correct its block; then `missions model test {name}`.",
            )
            for name in await block_names(ModelEndpoint)
        ],
        *[
            _Part(
                name=f"tools {name}",
                look=_tools(name),
                mend=f"Start it, or correct its block; then `missions tools test {name}`.",
            )
            for name in await block_names(McpServer)
        ],
        *[
            _Part(
                name=f"channel {channel.name}",
                look=partial(say_of, store, channel),
                mend=f"Correct its block in the Prefect UI; then `missions channel test {channel.name}`.",
            )
            for channel in await load_channels()
        ],
        *[
            _Part(name=f"employee {name}", look=_employee(name), mend="Correct the block in the Prefect UI under Blocks.")
            for name in await block_names(DigitalEmployee)
        ],
    ]
    return await asyncio.gather(*[_checked(part) for part in parts])


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


async def _scheduler(client: PrefectClient) -> str:
    """The failure is silent, so it is tried: a schedule of our own must have its runs within seconds."""
    flow_id = await client.create_flow_from_name("missions-doctor")
    deployment_id = await client.create_deployment(
        flow_id=flow_id,
        name=f"scheduler-check-{uuid4().hex[:8]}",
        schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="0 0 1 1 *", timezone="UTC"))],
        tags=["missions-doctor"],
        work_pool_name=WORK_POOL,
    )
    start = monotonic()
    try:
        wanted = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment_id]}})
        while monotonic() - start < SCHEDULER_SECONDS:
            if await client.read_flow_runs(flow_run_filter=wanted, limit=1):
                return f"made the runs of a new schedule within {monotonic() - start:.1f} s"
            await asyncio.sleep(0.3)
        raise Unavailable(f"A new schedule has no runs after {SCHEDULER_SECONDS:.0f} s.")
    finally:
        await client.delete_deployment(deployment_id)


async def _worker(client: PrefectClient) -> str:
    """One that has just been started shows itself after some seconds."""
    start = monotonic()
    while monotonic() - start < WORKER_SECONDS:
        workers = await client.read_workers_for_work_pool(WORK_POOL)
        heard = [worker.last_heartbeat_time for worker in workers if worker.status is WorkerStatus.ONLINE]
        if last := max((moment for moment in heard if moment), default=None):
            return f"{len(heard)} online, last heard of {(datetime.now(UTC) - last).total_seconds():.0f} s ago"
        await asyncio.sleep(0.5)
    raise Unavailable(f"No worker is online in work pool {WORK_POOL!r}.")


async def _service(url: str) -> str:
    """The reconciler and the rehearsal model are one process: without it no waiting or broken run goes on."""
    try:
        async with httpx.AsyncClient(timeout=SERVICE_SECONDS, trust_env=False) as http:
            (await http.get(f"{url}/health")).raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(f"Nothing answers at {url} ({type(error).__name__}): no broken run would be put right.") from error
    return f"answers at {url}"


async def _system_flows(client: PrefectClient) -> str:
    names = [deployment.name for deployment in await find_deployments(SYSTEM_TAG, client)]
    if not names:
        raise Unavailable("None is deployed.")
    return ", ".join(names)


def _model(name: str) -> Callable[[], Awaitable[str]]:
    async def look() -> str:
        async with OpenAIModel((await load_block(ModelEndpoint, name)).connection()) as model:
            await model.reply([{"role": "user", "content": "Answer with the one word: ready"}])
            return f"answers: {model.label}"

    return look


def _tools(name: str) -> Callable[[], Awaitable[str]]:
    async def look() -> str:
        async with McpToolset([(await load_block(McpServer, name)).connection()], authenticate=by_login()) as servers:
            listing = await servers.tools()
        if listing.failures:
            raise Unavailable(listing.failures[name])
        return f"{len(listing.tools)} tools"

    return look


def _employee(name: str) -> Callable[[], Awaitable[str]]:
    async def look() -> str:
        employee = await (await load_block(DigitalEmployee, name)).employee()
        servers = ", ".join(server.name for server in employee.servers) or "no tool servers"
        return f"model {employee.model.name}; {servers}"

    return look

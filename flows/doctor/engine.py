"""What `missions doctor` looks at of Prefect: whether its scheduler, a worker and the system flows are there."""

import asyncio
import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import Worker, WorkerStatus
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from blueprint.errors import Unavailable
from deployments.present import find_deployments
from deployments.spec import WORK_POOL
from deployments.system import SYSTEM_TAG

SCHEDULER_SECONDS = 80.0
"""Prefect looks for new schedules every 5 s, and every 60 s for what it missed of them on a busy machine."""

WORKER_SECONDS = 10.0
"""A worker needs some time from its start to its first heartbeat."""

SILENCE_SECONDS = 65.0
"""Two heartbeats and some. Prefect itself calls a dead worker online until three have not come."""

_DOCTOR = "missions-doctor"


async def check_scheduler(client: PrefectClient) -> str:
    """That a schedule of our own has its runs within seconds: the failure is silent, so it is tried. Unavailable when not."""
    await _forget_older(client)
    flow_id = await client.create_flow_from_name(_DOCTOR)
    deployment_id = await client.create_deployment(
        flow_id=flow_id,
        name=f"scheduler-check-{uuid4().hex[:8]}",
        schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="0 0 1 1 *", timezone="UTC"))],
        tags=[_DOCTOR],
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


async def _forget_older(client: PrefectClient) -> None:
    """Delete what a check that was killed left behind: its schedule would start a run some day."""
    over = datetime.now(UTC) - timedelta(seconds=2 * SCHEDULER_SECONDS)
    for one in await find_deployments(_DOCTOR, client):
        if one.created is not None and one.created < over:
            with suppress(ObjectNotFound):  # by another check
                await client.delete_deployment(one.id)


async def check_worker(client: PrefectClient, pool: str = WORK_POOL, *, seconds: float = WORKER_SECONDS) -> str:
    """How many workers of the pool are online; Unavailable when none was heard of lately nor is within `seconds`."""
    start, silent = monotonic(), list[float]()
    while monotonic() - start < seconds:
        workers = await client.read_workers_for_work_pool(pool)
        silent = sorted(_silent_seconds(worker) for worker in workers if worker.status is WorkerStatus.ONLINE)
        heard = [one for one in silent if one < SILENCE_SECONDS]
        if heard:
            return f"{len(heard)} online, last heard of {heard[0]:.0f} s ago"
        await asyncio.sleep(0.5)
    last = f"; the last one was heard of {silent[0]:.0f} s ago" if silent else ""
    raise Unavailable(f"No worker is online in work pool {pool!r}{last}.")


def _silent_seconds(worker: Worker) -> float:
    heard = worker.last_heartbeat_time
    return (datetime.now(UTC) - heard).total_seconds() if heard else math.inf


async def check_system_flows(client: PrefectClient) -> str:
    """Their names; Unavailable when there are none."""
    names = [deployment.name for deployment in await find_deployments(SYSTEM_TAG, client)]
    if not names:
        raise Unavailable("None is deployed.")
    return ", ".join(names)

"""Whatever write a process is killed after, the next apply ends where one that was left alone ends."""

import asyncio
import json
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter

from blueprint.triggers import Event, LabelMatch, Once
from deployments.apply import apply
from deployments.spec import DeploymentPlan
from tests.deployments.conftest import Prefect
from tests.deployments.plans import compiled, cron, task
from tests.deployments.seen import objects
from tests.fakes.applying import apply_and_die

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def alert(name: str) -> Event:
    return Event(event="test.alert", match=(LabelMatch(label="alertname", value=name),))


def first(mission_id: str) -> DeploymentPlan:
    return compiled(mission_id, task("load", cron()), task("why", alert("Disk")), task("later", Once(at=SOON)))


def second(mission_id: str) -> DeploymentPlan:
    """Two Tasks changed, one gone, one new."""
    later = Once(at=SOON + timedelta(hours=1))
    return compiled(mission_id, task("why", alert("Slow")), task("later", later), task("new", alert("New")))


WRITES = 9
"""The flow, three deployments, two automations, a new single run, the old one's deletion, a deployment's deletion."""


async def test_apply_killed_at_any_write_is_finished_by_the_next(prefect: Prefect, client: PrefectClient):
    await apply(first("left-alone"), client, is_paused=False)
    await apply(second("left-alone"), client, is_paused=False)
    wanted = await state(client, "left-alone")
    missions = [f"killed-at-{number}" for number in range(1, WRITES + 2)]
    for mission_id in missions:
        await apply(first(mission_id), client, is_paused=False)
    codes = await killed(prefect.api, [second(mission_id) for mission_id in missions])
    assert codes == [-signal.SIGKILL] * WRITES + [0]
    for mission_id in missions:
        await apply(second(mission_id), client, is_paused=False)
        assert await state(client, mission_id) == wanted


async def killed(api: str, plans: Sequence[DeploymentPlan]) -> list[int | None]:
    """Apply each in a process of its own, the first killed after one write, and so on; their exit codes."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.fakes.applying"])
    processes = [context.Process(target=apply_and_die, args=(api, plan, number)) for number, plan in enumerate(plans, start=1)]
    for process in processes:
        process.start()
    await asyncio.gather(*[asyncio.to_thread(process.join, 120) for process in processes])
    return [process.exitcode for process in processes]


async def state(client: PrefectClient, mission_id: str) -> str:
    """Everything that Prefect has of the Mission, in the same words for each."""
    tagged = FlowRunFilter.model_validate({"tags": {"all_": [f"mission:{mission_id}", "once"]}})
    runs = [
        (run.expected_start_time, run.state_name, sorted(run.tags)) for run in await client.read_flow_runs(flow_run_filter=tagged)
    ]
    seen = [one | {"version": ""} for one in await objects(client, f"mission:{mission_id}")]
    return json.dumps([seen, runs], default=str, indent=1).replace(mission_id, "ID")

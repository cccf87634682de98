"""Prefect's deployments are made to match a plan, on a real server."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Pending, Running, Scheduled, Suspended

from blueprint.triggers import next_fires
from deployments.apply import apply, remove, set_paused
from deployments.changes import Changes
from deployments.present import find_deployments, find_task_runs
from tests.deployments.conftest import Recorder, eventually
from tests.deployments.plans import compiled, cron, task

DISK, LOAD, LOGS = task("disk", cron()), task("load", cron("*/15 * * * *")), task("logs")


async def present(client: PrefectClient, mission_id: str) -> dict[str, DeploymentResponse]:
    """A Mission's deployments by Task."""
    tagged = DeploymentFilter.model_validate({"tags": {"all_": [f"mission:{mission_id}"]}})
    return {one.name.split("--")[1]: one for one in await client.read_deployments(deployment_filter=tagged)}


async def runs(client: PrefectClient, deployment: DeploymentResponse) -> list[FlowRun]:
    return await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment.id]}}))


async def test_a_plan_becomes_deployments_with_everything_that_a_run_needs(client: PrefectClient):
    plan = compiled("whole", DISK)
    assert await apply(plan, client, is_paused=False) == Changes(created=("whole--disk",))
    found = (await present(client, "whole"))["disk"]
    (spec,) = plan.deployments
    assert (found.entrypoint, found.path, found.pull_steps, found.work_pool_name) == (spec.entrypoint, None, [], "missions")
    assert (found.parameters, found.parameter_openapi_schema) == (spec.parameters, spec.parameter_schema)
    assert (found.version, found.description, tuple(found.tags)) == (spec.hash, spec.text, spec.tags)
    assert (found.paused, found.enforce_parameter_schema) == (False, True)
    (schedule,) = found.schedules
    assert (schedule.slug, schedule.active, schedule.schedule) == ("cron", True, CronSchedule(cron="0 2 * * *", timezone="UTC"))


async def test_applying_again_sends_no_request_that_writes(recorder: tuple[PrefectClient, Recorder]):
    client, record = recorder
    plan = compiled("again", DISK, LOAD, LOGS)
    await apply(plan, client, is_paused=False)
    record.writes.clear()
    changes = await apply(compiled("again", DISK, LOAD, LOGS, version=2), client, is_paused=False)
    assert changes == Changes(unchanged=("again--disk", "again--load", "again--logs"))
    assert record.writes == []


async def test_a_changed_task_is_the_only_one_touched(client: PrefectClient):
    await apply(compiled("one", DISK, LOAD, LOGS), client, is_paused=False)
    before = await present(client, "one")
    earlier = task("disk", cron("0 1 * * *"))
    changes = await apply(compiled("one", earlier, LOAD, LOGS, version=2), client, is_paused=False)
    after = await present(client, "one")
    assert changes == Changes(updated=("one--disk",), unchanged=("one--load", "one--logs"))
    assert {name for name in after if after[name].updated != before[name].updated} == {"disk"}
    assert after["disk"].id == before["disk"].id
    assert [schedule.schedule for schedule in after["disk"].schedules] == [CronSchedule(cron="0 1 * * *", timezone="UTC")]


async def test_a_task_that_becomes_manual_loses_its_schedule_and_its_scheduled_runs(client: PrefectClient):
    await apply(compiled("manual", LOAD), client, is_paused=False)
    found = (await present(client, "manual"))["load"]
    await eventually(lambda: _has_runs(client, found))
    await apply(compiled("manual", task("load")), client, is_paused=False)
    assert (await present(client, "manual"))["load"].schedules == []
    assert await runs(client, found) == []


async def test_a_dropped_task_goes_with_its_scheduled_runs(client: PrefectClient):
    await apply(compiled("drop", LOAD, LOGS), client, is_paused=False)
    dropped = (await present(client, "drop"))["load"]
    await eventually(lambda: _has_runs(client, dropped))
    changes = await apply(compiled("drop", LOGS), client, is_paused=False)
    assert changes == Changes(unchanged=("drop--logs",), deleted=("drop--load",))
    assert list(await present(client, "drop")) == ["logs"]
    assert await runs(client, dropped) == []


@pytest.mark.parametrize("state", [Pending(), Running(), Suspended(timeout_seconds=600), Scheduled(name="Resuming")])
async def test_a_dropped_task_keeps_its_deployment_while_a_run_is_in_progress(client: PrefectClient, state: State[Any]):
    mission_id = f"busy-{str(state.name).lower()}"
    await apply(compiled(mission_id, LOAD, LOGS), client, is_paused=False)
    busy = (await present(client, mission_id))["load"]
    run = await client.create_flow_run_from_deployment(busy.id, state=Running())
    await client.set_flow_run_state(run.id, state, force=True)
    for _ in range(2):
        changes = await apply(compiled(mission_id, LOGS), client, is_paused=False)
        assert changes == Changes(unchanged=(f"{mission_id}--logs",), retired=(f"{mission_id}--load",))
    assert (await present(client, mission_id))["load"].schedules == []
    assert run.id in [left.id for left in await runs(client, busy)]  # the scheduler may lay runs at the same moment
    await client.delete_flow_run(run.id)
    assert (await apply(compiled(mission_id, LOGS), client, is_paused=False)).deleted == (f"{mission_id}--load",)


async def test_a_retired_task_that_comes_back_has_its_schedule_again(client: PrefectClient):
    await apply(compiled("back", LOAD, LOGS), client, is_paused=False)
    found = (await present(client, "back"))["load"]
    await client.create_flow_run_from_deployment(found.id, state=Running())
    assert (await apply(compiled("back", LOGS), client, is_paused=False)).retired == ("back--load",)
    changes = await apply(compiled("back", LOAD, LOGS), client, is_paused=False)
    assert changes == Changes(updated=("back--load",), unchanged=("back--logs",))
    await eventually(lambda: _has_runs(client, found, at_least=2))


async def test_what_is_paused_stays_paused_until_it_is_resumed(client: PrefectClient):
    await apply(compiled("paused", LOAD, LOGS), client, is_paused=False)
    assert await set_paused("paused", True, client) == ("paused--load", "paused--logs")
    assert await set_paused("paused", True, client) == ()
    changed = task("load", cron("*/20 * * * *"))
    await apply(compiled("paused", changed, LOGS), client, is_paused=False)
    found = await present(client, "paused")
    assert [found[name].paused for name in ("load", "logs")] == [True, True]
    assert await runs(client, found["load"]) == []
    assert await set_paused("paused", False, client) == ("paused--load", "paused--logs")
    await eventually(lambda: _has_runs(client, found["load"]))


async def test_a_plan_applied_paused_pauses_old_and_new_tasks_alike(client: PrefectClient):
    await apply(compiled("asleep", LOAD), client, is_paused=False)
    changes = await apply(compiled("asleep", LOAD, DISK), client, is_paused=True)
    assert changes == Changes(created=("asleep--disk",), updated=("asleep--load",))
    assert all(one.paused for one in (await present(client, "asleep")).values())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
async def test_scheduled_runs_lie_at_the_times_of_the_plan(client: PrefectClient, zone: str):
    trigger = cron("30 2 * * 1-5", zone)
    mission_id = zone.split("/")[1].replace("_", "").lower()
    await apply(compiled(mission_id, task("early", trigger)), client, is_paused=False)
    found = (await present(client, mission_id))["early"]
    await eventually(lambda: _has_runs(client, found, at_least=3))
    scheduled = sorted(run.expected_start_time for run in await runs(client, found) if run.expected_start_time)
    assert tuple(scheduled[:3]) == next_fires(trigger, datetime.now(UTC), "UTC")


async def test_removing_takes_one_mission_and_leaves_the_others(client: PrefectClient):
    await apply(compiled("gone", LOAD, LOGS), client, is_paused=False)
    await apply(compiled("stays", LOGS), client, is_paused=False)
    assert await remove("gone", client) == ("gone--load", "gone--logs")
    assert await remove("gone", client) == ()
    assert await present(client, "gone") == {}
    assert list(await present(client, "stays")) == ["logs"]


async def test_a_schedule_that_prefect_refuses_changes_nothing(recorder: tuple[PrefectClient, Recorder]):
    client, record = recorder
    plan = compiled("refused", LOGS, DISK)
    schedule = replace(plan.deployments[1].schedules[0], cron="not a cron")
    broken = replace(plan, deployments=(plan.deployments[0], replace(plan.deployments[1], schedules=(schedule,))))
    with pytest.raises(ValueError, match="Invalid cron string"):
        await apply(broken, client, is_paused=False)
    assert record.writes == []


async def _has_runs(client: PrefectClient, deployment: DeploymentResponse, at_least: int = 1) -> bool:
    return len(await runs(client, deployment)) >= at_least


async def test_what_runs_for_its_tasks_is_told_from_what_makes_its_reports(client: PrefectClient):
    plan = compiled("told", DISK)
    report = replace(plan.deployments[0], name="told--mission_report", flow_name="report")
    await apply(replace(plan, deployments=(*plan.deployments, report)), client, is_paused=True)
    made = await find_deployments("mission:told", client)
    laid = {one.name: await client.create_flow_run_from_deployment(one.id) for one in made}
    assert [run.id for run in await find_task_runs("told", client)] == [laid["told--disk"].id]
    assert await find_task_runs("told", client, states=[StateType.RUNNING]) == []

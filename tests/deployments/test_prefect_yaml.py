"""A plan as a prefect.yaml is accepted by Prefect's own command and makes the objects that apply makes."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter

from blueprint.triggers import Event, LabelMatch, Once
from deployments.apply import apply, remove, set_paused
from deployments.changes import Changes
from deployments.prefect_yaml import render_prefect_yaml
from deployments.spec import DeploymentPlan
from deployments.system import SystemFlow, system_plan
from tests.deployments.conftest import Prefect
from tests.deployments.plans import SCHEMA, compiled, cron, task
from tests.deployments.seen import objects

FLOWS = '''
from prefect import flow

@flow(name="run-task")
def run_task(mission: str, task: str) -> None:
    """Runs a Task.

    Args:
        mission: The Mission's id.
        task: The Task's name.
    """
'''
HOSTILE = (
    "Say {{ $HOME }} and {{ prefect.blocks.secret.key }}\n- {{ctx.flow_run.id}} # no comment: \\o/ \U0001f600 \u2028 'q' \"q\""
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "exported.py").write_text(FLOWS)
    return tmp_path


RULE = Event(
    event="alertmanager.firing",
    match=(LabelMatch(label="alertname", value="Slow*"), LabelMatch(label="team", value=HOSTILE.replace("{{", "{"))),
    threshold=3,
    within_seconds=300,
    deduplicate_by=("instance", "alertname"),
)


def plan(mission_id: str) -> DeploymentPlan:
    compact = compiled(
        mission_id,
        task("disk", cron("0 2 * * 1-5", "Europe/Berlin")),
        task("logs", instructions=HOSTILE),
        task("why", RULE),
        task("each", Event(event="grafana.firing")),
    )
    return replace(compact, deployments=tuple(replace(one, entrypoint="exported.run_task") for one in compact.deployments))


async def deploy(text: str, project: Path, prefect: Prefect) -> None:
    """What a person does with the file."""
    (project / "plan.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", "plan.yaml"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=project, env=prefect.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 0, output.decode()


async def owned(client: PrefectClient, tag: str) -> list[str]:
    """Names of the automations that belong to a deployment with that tag, which is what `prefect deploy` replaces."""
    tagged = DeploymentFilter.model_validate({"tags": {"all_": [tag]}})
    ids = [one.id for one in await client.read_deployments(deployment_filter=tagged)]
    related = [await client.read_resource_related_automations(f"prefect.deployment.{one}") for one in ids]
    return sorted(one.name for found in related for one in found)


@pytest.mark.parametrize("is_paused", [False, True])
async def test_prefect_deploy_makes_the_objects_that_apply_makes(
    prefect: Prefect, client: PrefectClient, project: Path, is_paused: bool
):
    wanted = plan("export")
    await deploy(render_prefect_yaml(wanted, is_paused=is_paused), project, prefect)
    deployed = await objects(client, "mission:export")
    assert await apply(wanted, client, is_paused=is_paused) == Changes(
        unchanged=(*(f"export--{name}" for name in ("disk", "logs", "why", "each")), "mission:export:why", "mission:export:each")
    )
    await remove("export", client)
    await apply(wanted, client, is_paused=is_paused)
    assert deployed == await objects(client, "mission:export")
    await remove("export", client)


async def test_deploying_over_applied_deployments_changes_nothing_in_them(prefect: Prefect, client: PrefectClient, project: Path):
    await apply(plan("twice"), client, is_paused=False)
    await set_paused("twice", True, client)
    before = await objects(client, "mission:twice")
    await deploy(render_prefect_yaml(plan("twice"), is_paused=True), project, prefect)
    assert await objects(client, "mission:twice") == before
    assert await owned(client, "mission:twice") == ["mission:twice:each", "mission:twice:why"]


def test_a_single_run_is_named_in_a_comment():
    text = render_prefect_yaml(compiled("host", task("disk", Once(at=datetime(2027, 1, 1, 18, tzinfo=UTC)))))
    assert (
        "# Not in this file: the single run of host--disk at 2027-01-01T18:00:00+00:00; `missions launch` lays it ahead.\n"
        in text
    )


async def test_system_flows_are_deployed_by_their_file(prefect: Prefect, client: PrefectClient, project: Path):
    offered = SystemFlow(
        name="run-task", entrypoint="exported.run_task", description="Runs a Task.\n\nNow.", parameter_schema=SCHEMA
    )
    await deploy(render_prefect_yaml(system_plan([offered])), project, prefect)
    assert await apply(system_plan([offered]), client, is_paused=False) == Changes(unchanged=("run-task",))


def test_the_file_is_always_the_same_and_reads_well():
    assert [render_prefect_yaml(compiled("host", task("disk", cron()))) for _ in range(2)] == [FILE, FILE]


FILE = """\
# Written by Missions; changes are lost when it is written again.
# prefect --no-prompt deploy --all --prefect-file FILE
name: missions
build: []
push: []
pull: []
deployments:
- name: host--disk
  version: 61fdf10737459745
  tags:
  - missions
  - mission:host
  description: |-
    **Disk**

    Starts: cron `0 2 * * *` in UTC.

    Look.

    Deployed from version 1 of the plan.
  entrypoint: flows.run_task.run_task
  parameters:
    mission: host
    task: disk
  work_pool:
    name: missions
  schedules:
  - slug: cron
    cron: 0 2 * * *
    timezone: UTC
  paused: false
"""

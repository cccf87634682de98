"""A real Alertmanager fires, and the run that it starts looks at that alert and reports."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx
import yaml
from prefect.client.schemas.objects import FlowRun
from pydantic import SecretStr

from blocks.event_source import EventSource
from blueprint.occasion import EventGiven
from blueprint.records import RunState, StartedBy
from blueprint.stream import Briefed
from deployments.present import find_task_runs
from tests.deployments.gateway.requests import TOKEN
from tests.fakes.alertmanager import alertmanager, needs_alertmanager
from tests.fakes.command import run_here
from tests.fakes.installation import Installation

SECONDS = 60


def configuration(url: str) -> str:
    """An Alertmanager that tells at once what fires."""
    webhook = {"url": url, "http_config": {"authorization": {"credentials": TOKEN}}}
    route = {"receiver": "missions", "group_by": ["..."], "group_wait": "0s"}
    return yaml.safe_dump({"route": route, "receivers": [{"name": "missions", "webhook_configs": [webhook]}]})


async def started(installation: Installation, mission_id: str) -> FlowRun:
    """The Mission's run, once there is one."""
    async with installation.client() as client, asyncio.timeout(SECONDS):
        while not (runs := await find_task_runs(mission_id, client)):
            await asyncio.sleep(0.05)
    return runs[0]


@needs_alertmanager
async def test_goal_in_words_becomes_a_run_that_gets_the_labels_of_the_alert_and_reports(
    installation: Installation, tmp_path: Path
) -> None:
    source = f"source-{uuid4().hex[:8]}"
    made = await run_here(installation, "create", "When the DiskFull alert fires, find out why", "--launch", "--json")
    assert (made.json["state"], len(made.json["tasks"])) == ("Active", 1)
    with installation.chosen():
        await EventSource(secret=SecretStr(TOKEN)).asave(source)
    config = tmp_path / "alertmanager.yml"
    config.write_text(configuration(f"{installation.addresses.service_url}/events/{source}"))
    async with alertmanager(config) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        for name in ("Other", "DiskFull"):
            fired = await http.post("/api/v2/alerts", json=[{"labels": {"alertname": name, "instance": "db1"}}])
            assert fired.status_code == 200
        run = await started(installation, made.json["id"])
    given = EventGiven.model_validate(run.parameters["event"])
    assert {"alertname": "DiskFull", "instance": "db1"}.items() <= given.labels.items()
    record = await installation.ended(str(run.id))
    assert (record.state, record.started_by) == (RunState.SUCCESS, StartedBy.EVENT)
    async with installation.store() as store:
        told = next(entry.event for entry in await store.journal.read(record.id) if isinstance(entry.event, Briefed))
    assert '"instance": "db1"' in told.task
    with installation.chosen():
        await EventSource.adelete(source)

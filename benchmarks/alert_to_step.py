"""How long it takes from the POST of an alert to the first step of the run that it starts, and where that time goes.

python -m benchmarks.alert_to_step [ALERTS]
"""

import asyncio
import logging
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import mean, median
from time import monotonic

import httpx
import psutil
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker
from pydantic import SecretStr

from benchmarks.machine import Row, machine_line, table
from blocks.event_source import EventSource
from blueprint.mission import Mission
from blueprint.triggers import Event
from deployments.present import find_task_runs
from tests.deployments.gateway.requests import alert, notification
from tests.fakes.installation import Installation, open_folder, task
from tests.fakes.model_server import ScriptedModel, calls, scripted_model

COUNT = 10
DONE = calls(("conclude", {"summary": "Seen.", "findings": []}))
STEP_SECONDS = 60.0
_SOURCE = "bench"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One alert, in seconds: until the first step, and the parts of that."""

    whole: float
    until_run: float
    until_worker: float
    until_flow: float
    until_step: float


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    EventsWorker.set_client_override(NullEventsClient)  # this process's own events would wait for servers that are long gone
    load, count = psutil.getloadavg()[0], int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    rows = _rows(asyncio.run(_measure(count)))
    print("\n".join([f"{machine_line()}, load of other work {load:.1f}", "", *table(rows)]))


async def _measure(count: int) -> list[Sample]:
    with open_folder() as folder:
        installation = Installation(home=folder / "home")
        async with installation.running(), scripted_model([DONE] * (count + 1)) as model:
            return await samples(installation, model, count)


async def samples(here: Installation, model: ScriptedModel, count: int) -> list[Sample]:
    """So many alerts, one after the other; before them one whose run finds everything cold and is not counted."""
    token = secrets.token_urlsafe()
    await EventSource(secret=SecretStr(token)).asave(_SOURCE)
    employee = await here.employ(model_url=model.url)
    mission = await here.launch(task(trigger=Event(event="alertmanager.firing")), employee=employee)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http, here.client() as client:
        return [await _sample(here, model, mission, client, http, number) for number in range(count + 1)][1:]


async def _sample(
    here: Installation, model: ScriptedModel, mission: Mission, client: PrefectClient, http: httpx.AsyncClient, number: int
) -> Sample:
    asked, sent, began = len(model.requests), datetime.now(UTC), monotonic()
    url = f"{here.addresses.service_url}/events/{_SOURCE}"
    (await http.post(url, json=notification(alert(f"f{number}")))).raise_for_status()
    async with asyncio.timeout(STEP_SECONDS):
        while len(model.requests) == asked:
            await asyncio.sleep(0.005)
    whole, first_step = monotonic() - began, datetime.now(UTC)
    run = (await _runs(client, mission))[0]
    states = {state.name: state.timestamp for state in await client.read_flow_run_states(run.id)}
    moments = [sent, states["Scheduled"], states["Pending"], states["Running"], first_step]
    parts = [(after - before).total_seconds() for before, after in pairwise(moments)]
    await here.ended(str(run.id))
    return Sample(whole=whole, until_run=parts[0], until_worker=parts[1], until_flow=parts[2], until_step=parts[3])


async def _runs(client: PrefectClient, mission: Mission) -> Sequence[FlowRun]:
    """The newest first."""
    found = await find_task_runs(mission.id, client)
    return sorted(found, key=lambda run: run.expected_start_time or datetime.now(UTC), reverse=True)


def _rows(taken: Sequence[Sample]) -> list[Row]:
    whole = [one.whole for one in taken]
    parts = {
        "store, gateway, Prefect's event and automation": [one.until_run for one in taken],
        "until the worker has the run": [one.until_worker for one in taken],
        "until its process runs the flow": [one.until_flow for one in taken],
        "gate, blocks, start of the tool server, asking the model": [one.until_step for one in taken],
    }
    return [
        (f"POST of an alert to the first step, median / worst of {len(taken)}", f"{median(whole):.2f} / {max(whole):.2f} s"),
        *((f"of it {what}", f"{mean(seconds):.2f} s") for what, seconds in parts.items()),
    ]


if __name__ == "__main__":
    main()

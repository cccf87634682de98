"""A Mission is disabled and enabled as a whole: no door starts anything, a failure half-way is repeated (R3.1, R3.2)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.events import Event as PrefectEvent
from prefect.events import Resource
from prefect.states import Scheduled

from blocks.store.store import Store
from blueprint.errors import ForbiddenTransition, InvalidInput
from blueprint.mission import Mission, MissionState, not_running
from blueprint.records import FireRecord, RunState, StartedBy
from blueprint.triggers import Cron, Event, Once
from deployments.compiler import deployment_name
from deployments.present import find_automations, find_deployments
from deployments.spec import ONCE_TAG, mission_tag
from flows.lifecycle.switching import disable, enable
from flows.starting import start, start_task
from tests.fakes.command import run_here
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, held, scripted_model

Found = TypeVar("Found")

TASKS = 50
ALL = TASKS + 1
"""Deployments: one reports."""
FAILS_AT = 20


class Away(Exception):
    """Not one of httpx: Prefect's client would try again for a minute."""


class FailsAt:
    """A client's hook: the n-th request that changes something never reaches Prefect."""

    def __init__(self, number: int) -> None:
        self.left = number

    async def __call__(self, request: httpx.Request) -> None:
        self.left -= request.method != "GET" and not request.url.path.endswith("/filter")
        if self.left <= 0:
            raise Away


async def test_fifty_tasks_are_disabled_with_one_word_and_the_rest_is_made_up_for(installation: Installation) -> None:
    mission = await installation.launch(*(task(f"t{number}", trigger=Cron(cron="0 2 * * *")) for number in range(TASKS)))
    hooks = {"event_hooks": {"request": [FailsAt(FAILS_AT)]}}
    async with installation.store() as store, installation.client() as client:
        async with PrefectClient(api=installation.addresses.api_url, httpx_settings=hooks) as failing:
            with pytest.raises(Away):
                await disable(store, failing, mission.id, by="test")
        assert await paused(client, mission) == [True] * (FAILS_AT - 1) + [False] * (ALL - FAILS_AT + 1)
        with pytest.raises(InvalidInput, match="is Paused; only an Active one runs Tasks"):
            await start_task(client, await store.missions.get(mission.id), await store.plans.get(mission.id, 1), f"t{TASKS - 1}")
        await disable(store, client, mission.id, by="test")
        assert await paused(client, mission) == [True] * ALL
        with pytest.raises(ForbiddenTransition, match="is Paused and can't become Paused; it can become Active or Deleted"):
            await disable(store, client, mission.id, by="test")
        hooks = {"event_hooks": {"request": [FailsAt(FAILS_AT)]}}
        async with PrefectClient(api=installation.addresses.api_url, httpx_settings=hooks) as failing:
            with pytest.raises(Away):
                await enable(store, failing, mission.id, by="test")
        assert (await store.missions.get(mission.id)).state is MissionState.PAUSED
        await enable(store, client, mission.id, by="test")
        assert await paused(client, mission) == [False] * ALL


async def test_a_paused_mission_refuses_every_door_and_lets_a_run_in_progress_end(installation: Installation) -> None:
    now, goes_on = datetime.now(UTC), asyncio.Event()
    tasks = (
        task("work"),
        task("alert", trigger=Event(event="switching.test")),
        task("once", trigger=Once(at=now + timedelta(days=1))),
        task("passed", trigger=Once(at=now - timedelta(hours=1))),
        task("after", after=("work",)),
    )
    script = [held(goes_on, calls(("conclude", {"summary": "All is well.", "findings": []})))]
    async with scripted_model(script) as model, installation.store() as store, installation.client() as client:
        mission = await installation.launch(*tasks, employee=await installation.employ(model_url=model.url))
        running = await installation.start(mission)
        await _until(lambda: store.runs.find_started(running))
        disabled = await run_here(installation, "disable", mission.id, "--json")
        assert (disabled.code, disabled.json["state"]) == (0, "Paused"), disabled.stderr
        by_command = await run_here(installation, "run", mission.id, "work")
        assert (by_command.code, "is Paused; only an Active one runs Tasks" in by_command.stderr) == (2, True)
        by_api = await start(client, name(mission, "work"), {"mission": mission.id, "task": "work"})
        by_console = await start(client, "disable/disable", {"mission": mission.id})
        assert "can't become Paused" in str((await reaches(installation, by_console, "Failed")).message)
        [automation] = await find_automations(mission_tag(mission.id), client)
        assert automation.enabled
        await emit(installation, PrefectEvent(event="switching.test", resource=Resource({"prefect.resource.id": "test"})))
        await client.set_flow_run_state(await laid(client, mission), Scheduled())  # its time comes now
        goes_on.set()
        assert (await installation.ended(running)).state is RunState.SUCCESS
        refused = await reaches(installation, by_api, "Cancelled")
        assert refused.message == not_running(await store.missions.get(mission.id))
        fires = await _until(lambda: _refused(store, mission, 4))
        assert {fire.started_by for fire in fires} == {*StartedBy} - {StartedBy.CRON}
        assert {fire.reason for fire in fires} == {refused.message}
        by_console = await start(client, "enable/enable", {"mission": mission.id})
        await reaches(installation, by_console, "Completed")
        assert [run.id for run in await store.runs.list(mission.id)] == [running]
        [told] = [one for one in await store.messages.list(mission_id=mission.id) if "enabled" in one.title]
        assert f"Not run, because the time passed meanwhile: {now - timedelta(hours=1):%Y-%m-%d %H:%M} UTC (passed)." in told.body
        assert mission_tag(mission.id) in (await client.read_flow_run(UUID(by_console))).tags


def name(mission: Mission, task_name: str) -> str:
    return f"run-task/{deployment_name(mission.id, task_name)}"


async def paused(client: PrefectClient, mission: Mission) -> list[bool]:
    """Which of its deployments are paused, those first."""
    return sorted((one.paused for one in await find_deployments(mission_tag(mission.id), client)), reverse=True)


async def emit(installation: Installation, event: PrefectEvent) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{installation.addresses.api_url}/events", json=[event.model_dump(mode="json")])
        answer.raise_for_status()


async def laid(client: PrefectClient, mission: Mission) -> UUID:
    """The run that was laid ahead for a single time."""
    which = FlowRunFilter.model_validate({"tags": {"all_": [mission_tag(mission.id), ONCE_TAG]}})
    [found] = await client.read_flow_runs(flow_run_filter=which)
    return found.id


async def _refused(store: Store, mission: Mission, count: int) -> list[FireRecord]:
    """The Mission's refused fires, none before there are so many."""
    found = await store.fires.list(mission.id)
    return found if len(found) >= count else []


async def _until(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What `look` gives as soon as it gives something."""
    async with asyncio.timeout(90):
        while not (found := await look()):
            await asyncio.sleep(0.1)
        return found

"""What a plan in force is in Prefect: shown before it is written, compared by the doctor, and set right by another launch."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.schedules import CronSchedule

from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.triggers import Cron, Event, Once
from blueprint.validation import Problem
from deployments.apply import remove
from deployments.compiler import deployment_name
from deployments.present import Present, read_all
from deployments.spec import mission_tag
from flows.creation.launching import hindrances, launch_plan
from flows.doctor.drift import find_drifts
from tests.fakes.command import run_here
from tests.fakes.deploying import deploy
from tests.fakes.installation import Installation, task

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
TASKS = (
    task("disk", trigger=Cron(cron="0 2 * * *")),
    task("load", trigger=Cron(cron="0 3 * * *")),
    task("why", trigger=Event(event="test.nothing")),
    task("slow", trigger=Event(event="test.nothing")),
    task("later", trigger=Once(at=SOON)),
)


async def present(client: PrefectClient, mission: Mission) -> Present:
    return (await read_all(mission_tag(mission.id), client)).of(mission.id)


async def drift(here: Installation, mission: Mission) -> set[str]:
    """The claims about this Mission, without its name."""
    async with here.store() as store, here.client() as client:
        found = await find_drifts([mission], store, client)
    return {text.partition(": ")[2].replace(mission.id, "M") for text in found if text.startswith(mission.id)}


async def dry_run(here: Installation, mission: Mission) -> list[dict[str, Any]]:
    said = await run_here(here, "launch", mission.id, "--dry-run", "--json")
    assert said.code == 0, said
    return said.json


async def spoil(client: PrefectClient, mission: Mission) -> None:
    """What people can do in the console, each thing to an object of its own."""
    there = await present(client, mission)
    deployments = {one.name.split("--")[-1]: one for one in there.deployments}
    automations = {one.name.split(":")[-1]: one for one in there.automations}
    [schedule] = deployments["disk"].schedules
    await client.update_deployment_schedule(
        deployments["disk"].id, schedule.id, schedule=CronSchedule(cron="5 * * * *", timezone="UTC")
    )
    await client.delete_deployment(deployments["load"].id)
    await client.delete_automation(automations["why"].id)
    await client.pause_automation(automations["slow"].id)
    await client.pause_deployment(deployments["slow"].id)
    await client.delete_flow_run(UUID(str(there.single_runs[0].id)))


async def test_what_drifted_is_named_shown_by_a_dry_run_and_written_by_a_launch(installation: Installation) -> None:
    mission = await installation.launch(*TASKS)
    assert await drift(installation, mission) == set()
    assert await dry_run(installation, mission) == []
    async with installation.client() as client:
        await spoil(client, mission)
    single = f"once:{deployment_name(mission.id, 'later')}:{SOON.isoformat()}".replace(mission.id, "M")
    differs = "schedule cron '0 2 * * *' in UTC is missing; schedule cron '5 * * * *' in UTC is not in the plan"
    assert await drift(installation, mission) == {
        f"deployment M--disk differs ({differs})",
        "deployment M--load is missing",
        "automation mission:M:why is missing",
        f"run {single} is missing",
        "deployment M--slow is paused, its Mission is not",
        "automation mission:M:slow is switched off: events start nothing and leave no record",
    }
    shown = {(row["action"], row["name"].replace(mission.id, "M")) for row in await dry_run(installation, mission)}
    missing = {("create", "M--load"), ("create", "mission:M:why"), ("create", single)}
    assert shown == {("update", "M--disk"), *missing}
    assert (await run_here(installation, "launch", mission.id)).code == 0
    assert await drift(installation, mission) == {
        "deployment M--slow is paused, its Mission is not",
        "automation mission:M:slow is switched off: events start nothing and leave no record",
    }
    said = await run_here(installation, "launch", mission.id, "--dry-run")
    assert said.stdout == "Nothing would change.\n"


async def test_prefect_deploys_the_exported_plan_into_the_same_objects(installation: Installation, tmp_path: Path) -> None:
    mission = await installation.launch(*TASKS)
    async with installation.client() as client:
        await remove(mission.id, client)
        exported = await run_here(installation, "plan", mission.id, "--output", "prefect-yaml")
        (tmp_path / "plan.yaml").write_text(exported.stdout)
        await deploy(installation, "--prefect-file", str(tmp_path / "plan.yaml"))
        single = f"once:{deployment_name(mission.id, 'later')}:{SOON.isoformat()}"
        assert await dry_run(installation, mission) == [{"action": "create", "kind": "run", "name": single, "why": ""}]
        await remove(mission.id, client)


async def test_what_belongs_to_no_mission_is_named(installation: Installation) -> None:
    mission = await installation.launch(*TASKS)
    async with installation.store() as store, installation.client() as client:
        found = await find_drifts([], store, client)
        await remove(mission.id, client)
    claims = [text for text in found if mission.id in text]
    assert len(claims) == len(TASKS) + 3, "two automations, and the deployment of the reports"
    assert f"automation mission:{mission.id}:why belongs to no Mission that was launched" in claims


async def test_two_launches_at_once_make_each_object_once(installation: Installation) -> None:
    mission = await installation.launch(*TASKS)
    async with installation.client() as client, installation.store() as store:
        await remove(mission.id, client)
        plan = await store.plans.get(mission.id, 1)
        launch = partial(launch_plan, store, mission.id, version=1, digest=plan.digest, by="test", problems=[])
        first, second = await asyncio.gather(launch(), launch())
        assert sorted([len(first.created), len(second.created)]) == [0, 9]
        assert len((await present(client, mission)).automations) == 2


async def test_a_single_time_that_passed_is_told_in_the_inbox(installation: Installation) -> None:
    mission = await installation.launch(task("later", trigger=Once(at=datetime(2026, 1, 1, 8, tzinfo=UTC))))
    async with installation.store() as store:
        [message] = await store.messages.list(mission_id=mission.id)
    name = deployment_name(mission.id, "later")
    assert message.body.endswith(f"Not run, because the time had passed: 2026-01-01 08:00 UTC ({name}).")


def test_a_single_time_that_passed_hinders_a_plan_only_before_it_is_in_force() -> None:
    plan = Blueprint(title="t", goal="g", tasks=(task("later"),))
    passed, unknown = (Problem(check=check, where="tasks.later", text="No.") for check in ("times", "tools"))
    draft = Mission(id="m", title="t", goal="g", created_at=SOON, active_at=SOON)
    assert hindrances(draft, plan, [passed, unknown]) == [passed, unknown]
    assert hindrances(draft.model_copy(update={"plan_digest": plan.digest}), plan, [passed, unknown]) == [unknown]

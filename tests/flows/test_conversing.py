"""A Mission is changed by talking while it works: the difference is shown, confirmed against its version, put in force (R3.5)."""

import asyncio
from datetime import UTC, datetime

from prefect.client.schemas.filters import ArtifactFilter

from blueprint.mission import MissionState
from blueprint.records import RunRecord, RunState
from blueprint.requests import ReviewQuestion
from blueprint.triggers import Cron
from deployments.present import find_deployments
from deployments.spec import mission_tag
from flows.lifecycle.switching import disable
from flows.naming import plan_key
from flows.starting import start
from tests.fakes.command import run_here
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches

DISKS = task(
    "check-the-disks", trigger=Cron(cron="0 2 * * *", timezone="UTC"), tools=("host.disk_usage",), outputs=("What was found.",)
).model_copy(update={"title": "Check the disks", "instructions": "Check the disks."})


async def test_several_wishes_are_shown_as_one_change_and_take_effect_when_confirmed(installation: Installation) -> None:
    mission = await installation.launch(DISKS)
    message = "Rename it to Patrol and also check the memory every day at 3. Run the disk check now. What is planned?"
    shown = await run_here(installation, "say", mission.id, message, "--json")
    assert shown.code == 0, shown.stderr
    question = shown.json["waiting"]["question"]
    assert "| the plan | title | Tested | Patrol |" in question["page"], question["page"]
    assert "| `check-the-memory` | new Task |" in question["page"]
    async with installation.store() as store, installation.client() as client:
        assert (await store.missions.get(mission.id)).plan_version == 1, "nothing is changed until it is confirmed"
        run = await _first(installation, mission.id)
        assert (await installation.ended(run.id)).state is RunState.SUCCESS
        confirmed = await run_here(installation, "reply", shown.json["run"], "--approve")
        assert confirmed.code == 0, confirmed.stderr
        await reaches(installation, shown.json["run"], "Completed")
        changed = await store.missions.get(mission.id)
        assert (changed.title, changed.plan_version, changed.state) == ("Patrol", 2, MissionState.ACTIVE)
        names = [one.name for one in await find_deployments(mission_tag(mission.id), client)]
        assert names == [f"{mission.id}--check-the-disks", f"{mission.id}--check-the-memory", f"{mission.id}--mission_report"]
        pages = await client.read_artifacts(
            artifact_filter=ArtifactFilter.model_validate({"key": {"any_": [plan_key(mission.id)]}})
        )
        assert ["Plan in force, version 2" in str(page.description) for page in pages] == [True], "the console shows it, too"
        said = [(turn.role, turn.text) for turn in await store.conversation.of(mission.id)]
        assert (await store.planning_usage.of(mission.id)).input_tokens > 0
    assert said[0] == ("person", message)
    assert "Version 2 of the plan is in force." in said[-1][1]
    assert "check-the-disks: every day at 02:00, UTC." in said[-1][1]


async def test_two_people_at_once_the_second_is_shown_the_new_version_and_asked_again(installation: Installation) -> None:
    mission = await installation.launch(DISKS)
    first = await run_here(installation, "say", mission.id, "also check the memory every day at 3", "--json")
    second = await run_here(installation, "say", mission.id, "check the disks every hour", "--json")
    assert [one.json["waiting"]["question"]["replaces"] for one in (first, second)] == [1, 1]
    async with installation.store() as store:
        for run in (first.json["run"], second.json["run"]):
            await run_here(installation, "reply", run, "--approve")
        await reaches(installation, first.json["run"], "Completed")
        again = await installation.asked(second.json["run"])
        assert again.key == "change-2"
        assert isinstance(again.question, ReviewQuestion)
        assert again.question.replaces == 2
        assert "`check-the-memory`" not in again.question.page, "what the first has changed is no difference any more"
        await run_here(installation, "reply", second.json["run"], "--approve")
        await reaches(installation, second.json["run"], "Completed")
        plan = await store.plans.get(mission.id, (await store.missions.get(mission.id)).plan_version or 0)
        assert [(one.name, one.trigger) for one in plan.tasks] == [
            ("check-the-disks", Cron(cron="0 * * * *", timezone="UTC")),
            ("check-the-memory", Cron(cron="0 3 * * *", timezone="UTC")),
        ]
        versions = (await run_here(installation, "versions", mission.id, "--json")).json
        assert [bool(one["confirmed_at"]) for one in versions] == [True, True, False, True]
        back = await run_here(installation, "launch", mission.id, "--version", "1", "--json")
        assert (back.code, back.json["plan_version"], [one["name"] for one in back.json["tasks"]]) == (0, 5, ["check-the-disks"])


async def test_what_is_not_clear_is_asked_back_and_a_paused_mission_stays_paused(installation: Installation) -> None:
    mission = await installation.launch(DISKS, task("other"))
    unclear = await run_here(installation, "say", mission.id, "stop it", "--yes")
    assert (unclear.code, "What do you mean by 'stop it'" in unclear.stdout) == (0, True)
    async with installation.store() as store, installation.client() as client:
        assert [one.version for one in await store.plans.history(mission.id)] == [1]
        await disable(store, client, mission.id, by="test")
        refused = await run_here(installation, "say", mission.id, "run the disk check now")
        assert "Nothing was done. Mission '" in refused.stdout
        changed = await run_here(installation, "say", mission.id, "drop the other task", "--yes")
        assert "Version 2 of the plan is in force." in changed.stdout, changed.stderr
        now = await store.missions.get(mission.id)
        assert (now.state, now.plan_version) == (MissionState.PAUSED, 2)
        assert [one.paused for one in await find_deployments(mission_tag(mission.id), client)] == [True, True]
        by_console = await start(client, "converse/converse", {"mission": "no such", "text": "hello"})
        assert "There is no Mission 'no such'" in str((await reaches(installation, by_console, "Failed")).message)
    calendar = await run_here(installation, "runs", mission.id, "--calendar", "--json")
    assert (calendar.json["month"], calendar.json["entries"]) == (f"{datetime.now(UTC):%Y-%m}", [])


async def _first(installation: Installation, mission_id: str) -> RunRecord:
    """The first run of the Mission once there is one."""
    async with installation.store() as store, asyncio.timeout(60):
        while not (found := await store.runs.list(mission_id)):
            await asyncio.sleep(0.1)
    return found[0]

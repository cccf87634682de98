"""A Draft has the plan that was made or confirmed for it, whatever else was shown; a launch answers its review (R2.4)."""

from blueprint.mission import MissionState
from blueprint.requests import Decision, ReviewQuestion
from flows.starting import start
from tests.fakes.command import run_here
from tests.fakes.installation import Installation
from tests.fakes.interrupting import reaches


async def test_a_draft_is_launched_as_it_was_confirmed_and_its_creation_asks_nobody_any_more(installation: Installation) -> None:
    async with installation.client() as client, installation.store() as store:
        created = await start(client, "create/create", {"goal": "Check the disks every day at 2"})
        mission_id = (await installation.asked(created)).mission_id
        confirmed = await run_here(installation, "say", mission_id, "check the disks every hour", "--yes")
        assert "Version 2 is the Draft's plan now" in confirmed.stdout, confirmed.stderr
        await run_here(installation, "reply", created, "--approve")
        again = await installation.asked(created)
        assert isinstance(again.question, ReviewQuestion)
        assert (again.key, again.question.plan_version) == ("review-2", 2), "version 1 was shown, so version 2 is shown, too"
        launched = await run_here(installation, "launch", mission_id, "--json")
        assert (launched.json["state"], launched.json["plan_version"]) == (MissionState.ACTIVE, 2), launched.stderr
        assert f"Mission {mission_id} is Active" in str((await reaches(installation, created, "Completed")).message)
        answered = await store.requests.get(created, "review-2")
        assert answered is not None
        assert answered.answer is not None
        assert answered.answer.decision is Decision.LAUNCH
        assert await store.requests.all_open(mission_id) == []

"""What works beside each other: runs of different Tasks on one installation, and installations on one machine."""

import asyncio
from pathlib import Path

import httpx
import pytest

from blueprint.records import RunRecord, RunState
from blueprint.requests import Decision
from flows.people.replying import Reply, reply
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import calls, scripted_model

LOGIN = "sre:only-we-know"
DONE = calls(("conclude", {"summary": "Counted.", "findings": []}))


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> pytest.TempPathFactory:
    """A folder for each run's counter."""
    return tmp_path_factory


async def _approved_run(here: Installation, folder: Path, text: str) -> tuple[RunRecord, list[str]]:
    """A run of a Task of its own whose one call is approved at the moment when it is asked for; its record, its effects."""
    counter = Counter(folder=folder)
    async with scripted_model([calls((f"counter-{text}__count", {"text": text})), DONE]) as model, here.store() as store:
        employee = await here.employ(model_url=model.url, servers=[counter.connection(name=f"counter-{text}")])
        run_id = await here.start(await here.launch(task(), employee=employee))
        await here.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        return await here.ended(run_id), counter.counts()


async def test_two_runs_at_once_keep_to_themselves(installation: Installation, folders: pytest.TempPathFactory) -> None:
    runs = (_approved_run(installation, folders.mktemp(text), text) for text in ("one", "two"))
    for (record, effects), text in zip(await asyncio.gather(*runs), ("one", "two"), strict=True):
        assert (record.state, effects) == (RunState.SUCCESS, [text])


async def test_an_answer_that_comes_while_the_asking_process_ends_leaves_the_worker_alive(
    installation: Installation, folders: pytest.TempPathFactory
) -> None:
    deaths = installation.log("up").count("The worker ended")
    for text in ("three", "four"):
        record, _ = await _approved_run(installation, folders.mktemp(text), text)
        assert record.state is RunState.SUCCESS
    assert installation.log("up").count("The worker ended") == deaths
    assert "already holding" not in installation.log("worker")


async def test_installations_on_one_machine_share_nothing_and_outlive_each_other(
    installation: Installation, folder: Path, folders: pytest.TempPathFactory
) -> None:
    second = Installation(home=folder / "home", environment={"MISSIONS_API_AUTH_STRING": LOGIN})
    async with second.running():
        mission = await second.launch(task())
        async with second.store() as theirs, installation.store() as ours:
            assert [known.id for known in await theirs.missions.list()] == [mission.id]
            assert mission.id not in [known.id for known in await ours.missions.list()]
        for here in (installation, second):
            await _has_a_console(here)
        await _lets_nobody_in_without_login(second)
        listed = await second.command("list", "--json")
        assert [known["id"] for known in listed.json] == [mission.id], listed.stderr
        run_id = await second.start(mission)
        assert (await second.ended(run_id)).state is RunState.SUCCESS
    assert second.processes() == []
    record, effects = await _approved_run(installation, folders.mktemp("after"), "after")
    assert (record.state, effects) == (RunState.SUCCESS, ["after"])


async def _lets_nobody_in_without_login(here: Installation) -> None:
    """Whoever does not know its login reads and starts nothing (R9.3)."""
    for login, status in (("", 401), ("sre:guessed", 401), (LOGIN, 200)):
        name, _, password = login.partition(":")
        async with httpx.AsyncClient(
            base_url=here.addresses.api_url, auth=(name, password) if login else None, trust_env=False
        ) as http:
            assert (await http.post("/flow_runs/filter", json={})).status_code == status


async def _has_a_console(here: Installation) -> None:
    """Its UI is there on its port, and speaks to the API of the same port."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{here.port}", trust_env=False) as http:
        assert (await http.get("/v2/")).is_success
        assert (await http.get("/ui-settings")).json()["api_url"] in ("/api", f"http://127.0.0.1:{here.port}/api")

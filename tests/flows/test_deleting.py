"""A deleted Mission leaves no word behind, in no row and in no file; whatever was killed, it is finished (R3.3)."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.events import Event as PrefectEvent
from prefect.events import Resource
from prefect.exceptions import ObjectNotFound
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.store import Store
from blueprint.deletion import Deletion, DeletionState
from blueprint.errors import InvalidInput, Unavailable, UnknownName
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.records import RunState
from blueprint.triggers import Cron, Event, LabelMatch
from deployments.present import find_deployments
from deployments.spec import mission_tag
from flows.creation.launching import launch_plan
from flows.doctor.drift import check_plans
from flows.lifecycle.deleting import begin_deletion, known_deletion
from flows.naming import ALL_INBOX
from flows.starting import start
from tests.fakes.command import run_here
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import answers, calls, scripted_model

TABLES = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'missions')"


async def test_no_word_of_a_deleted_mission_is_left_anywhere_and_others_are_as_they_were(
    installation: Installation, tmp_path: Path
) -> None:
    word = f"canary{uuid4().hex[:8]}"
    other = await installation.launch(task(trigger=Cron(cron="0 2 * * *")))
    await installation.ended(await installation.start(other))
    counter, script = (
        Counter(folder=tmp_path),
        [
            calls(("counter__count", {"text": word}), text=word),
            calls(("conclude", {"summary": word, "findings": [{"title": word, "severity": "warning", "detail": word}]})),
            answers({"changes": [f"rename it to {word} two"], "runs": [], "topics": ["findings"], "question": ""}),
            answers(_plan(word, f"{word} two").model_dump(mode="json")),
        ],
    )
    async with scripted_model(script) as model, installation.store() as store, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        mission = await _launched(store, word, employee)
        await _emit(installation, word)
        request = await installation.asked(await _first_run(store, mission))
        said = await run_here(installation, "reply", request.run_id, f"Leave {word} alone.", "--reject")
        assert said.code == 0, said.stderr
        assert (await installation.ended(request.run_id)).state is RunState.SUCCESS
        talked = await run_here(installation, "say", mission.id, f"call it {word} two, what did you find?", "--yes", "--json")
        assert (talked.code, word in talked.json["reply"]) == (0, True), talked.stderr
        await start(client, "disable/disable", {"mission": f"{word} two"})
        lists_all = await start(client, "disable/disable", {"mission": "no such"})  # which Missions there are
        assert mission.id in str((await reaches(installation, lists_all, "Failed")).message)
        await _inbox_drawn(client, word)
        found = await _places(store, installation, word)
        assert {"missions.journal", "missions.conversation", "public.events", "public.artifact", "public.log"} <= set(found), (
            found
        )
        before = await _rows(store, other.id, but=lists_all)
        done = await run_here(installation, "delete", f"{word} two", "--confirm", mission.id, "--json")
        assert done.code == 0, done.stderr
        assert (done.json["state"], word in done.stdout) == ("done", False)
        assert await _places(store, installation, word) == []
        assert not before - await _rows(store, other.id, but=lists_all)
        again = await run_here(installation, "delete", mission.id, "--confirm", mission.id)
        assert again.stdout.strip() == done.json["certificate"].strip()
        assert (await run_here(installation, "show", mission.id)).code == 2


async def test_runs_at_work_in_a_tool_and_runs_that_wait_for_a_person_go_with_their_mission(
    installation: Installation, tmp_path: Path
) -> None:
    word, counter = f"canary{uuid4().hex[:8]}", Counter(folder=tmp_path)
    script = [calls(("counter__count", {"text": word}), text=word), calls(("counter__mute", {}), text=word)]
    async with scripted_model(script) as model, installation.store() as store, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        mission = await installation.launch(task("waits"), task("works"), employee=employee)
        waiting = await installation.start(mission, "waits")
        await installation.asked(waiting)
        working = await installation.start(mission, "works")
        await counter.wait_for("mute", "start")
        [call] = counter.calls("mute", "start")
        done = await run_here(installation, "delete", mission.id, "--confirm", mission.id)
        assert done.code == 0, done.stderr
        assert counter.counts() == [], "what nobody has approved is not done"
        assert not psutil.pid_exists(call["pid"])
        for trace in (word, mission.id, waiting, working):
            assert await _places(store, installation, trace) == []
        assert (
            await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [waiting, working]}})) == []
        )


@pytest.mark.parametrize(
    ("step", "kind", "number"),
    [
        ("remove_from_prefect", "request", 3),  # some of Prefect's objects are gone, and not counted yet
        ("forget_rows", "statement", 12),  # in the transaction that takes all rows
        ("clean_database", "statement", 30),  # half of the tables are written anew
    ],
)
async def test_a_deletion_killed_within_a_step_is_finished_by_the_next_attempt(
    installation: Installation, step: str, kind: str, number: int
) -> None:
    mission = await installation.launch(task(trigger=Cron(cron="0 2 * * *")), task("late", after=("work",)))
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.deleting", mission.id, str(installation.home), step, kind, str(number)),
        env=os.environ | {"PREFECT_API_URL": installation.addresses.api_url, "MISSIONS_HOME": str(installation.home)},
    )
    assert await asyncio.wait_for(killed.wait(), 120) == -signal.SIGKILL
    assert mission.id not in await _drifts(installation)
    again = await run_here(installation, "delete", mission.id, "--confirm", mission.id, "--json")
    assert (again.code, again.json["state"]) == (0, "done"), again.stderr
    async with installation.store() as store, installation.client() as client:
        assert await find_deployments(mission_tag(mission.id), client) == []
        assert await _places(store, installation, mission.id) == []
        with pytest.raises(UnknownName):
            await store.missions.get(mission.id)


async def test_a_deletion_that_was_begun_in_the_console_is_finished_by_the_service(installation: Installation) -> None:
    mission = await installation.launch(task(trigger=Cron(cron="0 2 * * *")))
    async with installation.store() as store, installation.client() as client:
        with pytest.raises(InvalidInput, match="Type the id out"):
            await begin_deletion(store, mission.id, mission.title, by="test")
        run_id = await start(client, "delete/delete", {"mission": mission.id, "confirm": mission.id})
        done = await _finished(store, mission)
        assert "| deployments | 2 |" in (installation.home / "certificates" / f"deleted-{done.key[:16]}.md").read_text()
        assert await _places(store, installation, mission.id) == []
        with pytest.raises(ObjectNotFound):
            await client.read_flow_run(UUID(run_id))


async def _drifts(installation: Installation) -> str:
    """What the doctor says of plans."""
    async with installation.store() as store, installation.client() as client:
        try:
            return await check_plans(store, client)
        except Unavailable as found:
            return str(found)


async def _inbox_drawn(client: PrefectClient, word: str) -> None:
    """The page of the whole inbox is there, and tells of the Mission."""
    await start(client, "inbox/inbox", {})
    wanted = ArtifactFilter.model_validate({"key": {"any_": [ALL_INBOX]}})
    async with asyncio.timeout(60):
        while not any(word in str(one.data) for one in await client.read_artifacts(artifact_filter=wanted)):
            await asyncio.sleep(0.2)


def _plan(word: str, title: str) -> Blueprint:
    trigger = Event(event="test.canary", match=(LabelMatch(label="word", value=word),))
    return Blueprint(title=title, goal=word, timezone="UTC", tasks=(task(word, trigger=trigger),))


async def _launched(store: Store, word: str, employee: str) -> Mission:
    """A Mission with the word in its id, goal, title, and in the name of its Task."""
    now, plan = datetime.now(UTC), _plan(word, word)
    mission = Mission(id=f"{word}-a1b2c3", title=word, goal=word, employee=employee, created_at=now, active_at=now)
    await store.missions.add(mission)
    version = await store.plans.add(mission.id, plan, now)
    await launch_plan(store, mission.id, version=version, digest=plan.digest, by="test", problems=[])
    return mission


async def _emit(installation: Installation, word: str) -> None:
    event = PrefectEvent(
        event="test.canary", resource=Resource({"prefect.resource.id": "test", "word": word}), payload={"about": word}
    )
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{installation.addresses.api_url}/events", json=[event.model_dump(mode="json")])
        answer.raise_for_status()


async def _first_run(store: Store, mission: Mission) -> str:
    async with asyncio.timeout(60):
        while not (found := await store.runs.list(mission.id)):
            await asyncio.sleep(0.1)
    return found[0].id


async def _finished(store: Store, mission: Mission) -> Deletion:
    async with asyncio.timeout(120):
        while (found := await known_deletion(store, mission.id)) is None or found.state is not DeletionState.DONE:
            await asyncio.sleep(0.2)
    return found


async def _places(store: Store, here: Installation, word: str) -> list[str]:
    """Tables that hold the word anywhere in a row, and files of the data directory that hold its bytes."""
    async with store.engine.connect() as connection:
        counted = [(table, await _count(connection, table, word)) for table in await connection.scalars(text(TABLES))]
    tables = [table for table, count in counted if count]
    return [*tables, *await asyncio.to_thread(_files, here.home, word.encode())]


async def _count(connection: AsyncConnection, table: str, word: str) -> int:
    query = text(f"SELECT count(*) FROM {table} AS t WHERE position(:word IN t::text) > 0")
    return await connection.scalar(query, {"word": word}) or 0


def _files(home: Path, word: bytes) -> list[str]:
    found = [path for path in home.rglob("*") if path.is_file() and (word in str(path).encode() or word in path.read_bytes())]
    return [str(path.relative_to(home)) for path in found]


async def _rows(store: Store, mission_id: str, *, but: str) -> set[str]:
    """All rows that name the Mission; without Prefect's clocks of what waits to run, the index, which names all, and
    the flow run `but`.
    """
    clocks = {"public.flow_run", "public.deployment", "public.flow_run_state", "missions.timers"}
    query = "SELECT t::text FROM {} AS t WHERE position(:id IN t::text) > 0 AND t::text !~ 'missions-index|{}'"
    async with store.engine.connect() as connection:
        tables = [table for table in await connection.scalars(text(TABLES)) if table not in clocks]
        found = {table: await connection.scalars(text(query.format(table, but)), {"id": mission_id}) for table in tables}
    return {f"{table} {row}" for table, rows in found.items() for row in rows}

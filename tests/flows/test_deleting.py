"""A deleted Mission leaves no word behind, in no row and in no file; whatever was killed, it is finished (R3.3)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter
from prefect.events import Event as PrefectEvent
from prefect.events import Resource
from prefect.exceptions import ObjectNotFound
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.store import Store
from blueprint.deletion import Deletion, DeletionState
from blueprint.errors import InvalidInput, UnknownName
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.records import RunState
from blueprint.triggers import Cron, Event, LabelMatch
from deployments.present import find_deployments
from deployments.spec import mission_tag
from flows.creation.launching import launch_plan
from flows.lifecycle.deleting import Deleting, begin_deletion, known_deletion
from flows.naming import ALL_INBOX
from flows.starting import start
from tests.fakes.command import run_here
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
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
        await _inbox_drawn(client, word)
        found = await _places(store, installation, word)
        assert {"missions.journal", "missions.conversation", "public.events", "public.artifact", "public.log"} <= set(found), (
            found
        )
        before = await _rows(store, other.id)
        done = await run_here(installation, "delete", f"{word} two", "--confirm", mission.id, "--json")
        assert done.code == 0, done.stderr
        assert (done.json["state"], word in done.stdout) == ("done", False)
        assert await _places(store, installation, word) == []
        assert not before - await _rows(store, other.id)
        again = await run_here(installation, "delete", mission.id, "--confirm", mission.id)
        assert again.stdout.strip() == done.json["certificate"].strip()
        assert (await run_here(installation, "show", mission.id)).code == 2


async def test_a_deletion_killed_after_any_step_is_finished_by_the_next_attempt(installation: Installation) -> None:
    async with installation.store() as store, installation.client() as client:
        for stopped_after in (3, 6):  # half of Prefect gone; all rows gone, the files of the database not yet
            mission = await installation.launch(task(trigger=Cron(cron="0 2 * * *")), task("late", after=("work",)))
            deletion = await begin_deletion(store, mission.id, mission.id, by="test")
            work = _deleting(store, client, installation)
            async with store.advisory_lock(f"delete:{deletion.key}") as is_ours:
                assert is_ours  # nobody else goes on with it meanwhile
                for step in work.steps[:stopped_after]:
                    deletion = await step(deletion)
                again = await known_deletion(store, mission.id) or await begin_deletion(store, mission.id, mission.id, by="test")
                for step in _deleting(store, client, installation).steps:
                    again = await step(again)
            assert (again.state, again.mission_id, again.traces) == (DeletionState.DONE, "", ())
            assert await find_deployments(mission_tag(mission.id), client) == []
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


def _deleting(store: Store, client: PrefectClient, here: Installation) -> Deleting:
    url = store.engine.url.render_as_string(hide_password=False)
    return Deleting(store=store, client=client, home=here.home, databases=[url], quiet_seconds=0.5)


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


async def _rows(store: Store, mission_id: str) -> set[str]:
    """All rows that name the Mission; without Prefect's clocks of what waits to run, and the index, which names all."""
    clocks = {"public.flow_run", "public.deployment", "public.flow_run_state", "missions.timers"}
    query = "SELECT t::text FROM {} AS t WHERE position(:id IN t::text) > 0 AND t::text !~ 'missions-index'"
    async with store.engine.connect() as connection:
        tables = [table for table in await connection.scalars(text(TABLES)) if table not in clocks]
        found = {table: await connection.scalars(text(query.format(table)), {"id": mission_id}) for table in tables}
    return {f"{table} {row}" for table, rows in found.items() for row in rows}

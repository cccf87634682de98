"""What another version of the code wrote, and this one can't read, ends its run with a sentence that says so."""

from pathlib import Path

import pytest
from sqlalchemy import text

from blocks.store.store import Store
from blueprint.records import RunState
from blueprint.requests import Decision
from flows.people.replying import Reply, reply
from flows.starting import start
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, scripted_model

COUNT = calls(("counter__count", {"text": "one"}))
NEXT_ENTRY = text(
    "INSERT INTO missions.journal (run_id, sequence, at, format, document)"
    " SELECT run_id, max(sequence) + 1, now(), :format, CAST(:document AS json) FROM missions.journal"
    " WHERE run_id = :run_id GROUP BY run_id"
)


@pytest.mark.parametrize(
    ("number", "document", "why"),
    [
        (2, '{"kind": "corrected", "text": "by other rules"}', "it is of format 2, and this version reads up to 1"),
        (
            1,
            '{"kind": "teleported", "to": "a secret place"}',
            "it is the event 'teleported'; its kind is not what this version knows (union_tag_invalid)",
        ),
    ],
    ids=["a later format", "an unknown event"],
)
async def test_a_journal_of_another_version_ends_its_run_failed_with_a_report_at_once(
    installation: Installation, tmp_path: Path, number: int, document: str, why: str
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        async with store.engine.begin() as connection:
            await connection.execute(NEXT_ENTRY, {"run_id": run_id, "format": number, "document": document})
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        record = await installation.ended(run_id)
        state = await reaches(installation, run_id, "Failed")
    report = (installation.home / record.report_path).read_text()
    assert f"journal of run {run_id} can't be read by this version of Missions: {why}." in record.reason
    assert (record.state, record.executions, state.message) == (RunState.FAILED, 2, record.reason)
    assert "can't be read by this version of Missions" in report
    assert ("secret place" in report, counter.counts()) == (False, [])


async def test_a_creation_whose_question_is_of_another_version_ends_failed_and_tells_people(installation: Installation) -> None:
    async with installation.client() as client, installation.store() as store:
        run_id = await start(client, "create/create", {"goal": "Inspect this host"})
        await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        await _make_unreadable(store, run_id)
        state = await reaches(installation, run_id, "Failed")
        told = [message.body for message in await store.messages.list() if message.id == f"{run_id}:failed"]
        still_open = [request.run_id for request in await store.requests.all_open()]
    assert str(state.message).startswith("A stored Request can't be read by this version of Missions: question is not what this")
    assert (told, run_id in still_open) == ([state.message], False)


async def _make_unreadable(store: Store, run_id: str) -> None:
    """As if a later version had asked in a way that this one does not know."""
    riddle = text(
        "UPDATE missions.requests SET document = jsonb_set(document::jsonb, '{question,kind}', '\"riddle\"')::json"
        " WHERE run_id = :run_id"
    )
    async with store.engine.begin() as connection:
        await connection.execute(riddle, {"run_id": run_id})

"""The audit record in the store: in the transaction of what it tells of, append-only, and whole (R5.6)."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.store import Store
from blueprint.audit import AnswerRefused, AuditEntry, MissionChanged, RestartsGivenUp
from blueprint.chain import Break, find_break
from blueprint.errors import InvalidInput
from blueprint.mission import MissionState
from blueprint.requests import Decision, RequestState
from blueprint.stream import Outcome, Returned
from tests.blocks.examples import CALL, NOW, answer, intended, mission, plan, request, run

KEY = request().key


async def entries(store: Store, mission_id: str = "hosts") -> list[AuditEntry]:
    links, _ = await store.audit.read(mission_id)
    return [AuditEntry.model_validate_json(link.text) for link in links]


async def kinds(store: Store, mission_id: str = "hosts") -> list[str]:
    return [entry.event.kind for entry in await entries(store, mission_id)]


async def broken(store: Store, mission_id: str = "hosts") -> Break | None:
    return find_break(*await store.audit.read(mission_id))


async def _a_life(store: Store) -> None:
    """A Mission from its making to an approved call."""
    await store.missions.add(mission())
    version = await store.plans.add("hosts", plan(), NOW)
    await store.plans.confirm("hosts", version, plan().digest, "alice", NOW)
    await store.missions.set_state("hosts", MissionState.ACTIVE, NOW, by="alice")
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)
    await store.runs.start(run())
    await store.requests.open(request())
    await store.requests.answer("run-1", KEY, answer())
    await store.journal.append("run-1", intended(approval=KEY), "a")


async def test_what_people_decided_and_what_was_done_with_it_is_in_the_record_in_order(store: Store) -> None:
    await _a_life(store)
    opened, answered, spent = (await entries(store))[3:]
    assert (await kinds(store))[:3] == ["mission changed", "plan confirmed", "mission changed"]
    assert opened.event.model_dump(include={"kind", "call_digest"}) == {"kind": "request opened", "call_digest": CALL.digest}
    assert answered.event.model_dump()["answer"] == answer().model_dump()
    assert spent.event.model_dump(include={"kind", "call_digest"}) == {"kind": "approval spent", "call_digest": CALL.digest}
    assert await broken(store) is None


async def test_what_is_said_again_after_a_kill_is_not_recorded_again(store: Store) -> None:
    for _ in range(2):
        await store.missions.add(mission())
        await store.requests.open(request())
        await store.requests.close("run-1", KEY, RequestState.EXPIRED)
        await store.audit.add_once("hosts", RestartsGivenUp(run_id="run-1", reason="It died."))
    assert await kinds(store) == ["mission changed", "request opened", "request closed", "restarts given up"]


async def test_an_answer_that_does_not_count_is_recorded_with_the_reason_once(store: Store) -> None:
    await store.requests.open(request())
    await store.requests.answer("run-1", KEY, answer())
    for _ in range(2):
        with pytest.raises(InvalidInput, match="answered already"):
            await store.requests.answer("run-1", KEY, answer(Decision.REJECT, by="console"))
        await store.requests.refuse(request(), by="command:bob", words="perhaps", reason="It needs a clear decision.")
    refused = [entry.event for entry in (await entries(store))[2:]]
    assert [(one.by, one.decision, one.words) for one in refused if isinstance(one, AnswerRefused)] == [
        ("console", Decision.REJECT, ""),
        ("command:bob", None, "perhaps"),
    ]


async def test_a_refused_call_is_recorded_and_a_failed_one_is_not(store: Store) -> None:
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)
    for is_refused in (True, False):
        event = Returned(call=CALL, outcome=Outcome.NOT_DONE, is_error=True, text="Not allowed: rule.", is_refused=is_refused)
        await store.journal.append("run-1", event, "a")
    [entry] = await entries(store)
    assert entry.event.model_dump(exclude={"call_digest"}) == {
        "kind": "call refused",
        "run_id": "run-1",
        "call_id": CALL.id,
        "call": CALL.name,
        "reason": "Not allowed: rule.",
    }


async def test_what_did_not_happen_is_not_in_the_record(store: Store) -> None:
    async def fails(connection: AsyncConnection) -> None:
        await audit(connection, "hosts", MissionChanged(state=MissionState.DRAFT))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with store.engine.begin() as connection:
            await fails(connection)
    assert await store.audit.read("hosts") == ([], None)


async def test_many_writers_at_once_make_one_chain(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.engine.begin() as connection:
            await audit(connection, "hosts", MissionChanged(state=MissionState.ACTIVE, by=f"odd \0 \ud800 {number}"))

    await asyncio.gather(*(write(number) for number in range(20)))
    assert await broken(store) is None
    assert [entry.sequence for entry in await entries(store)] == [*range(1, 21)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE missions.audit_entries SET document = document",
        "DELETE FROM missions.audit_entries WHERE sequence = 1",
        "TRUNCATE missions.audit_entries",
        "UPDATE missions.audit_heads SET count = 0",
        "DELETE FROM missions.audit_heads",
        "TRUNCATE missions.audit_heads",
    ],
)
async def test_the_database_refuses_to_change_the_record(store: Store, statement: str) -> None:
    await store.missions.add(mission())
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.engine.begin() as connection:
            await connection.execute(text(statement))
    assert await broken(store) is None


async def test_a_mission_s_record_goes_with_the_mission_and_no_other_does(store: Store) -> None:
    await store.missions.add(mission())
    await store.missions.add(mission("mail"))
    with pytest.raises(DBAPIError, match="append-only"):
        await _delete(store, "true")
    await _delete(store, "mission_id = 'hosts'")
    assert await store.audit.read("hosts") == ([], None)
    assert await kinds(store, "mail") == ["mission changed"]
    assert await broken(store, "mail") is None


async def _delete(store: Store, which: str) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL missions.deleting = 'hosts'"))
        for table in ("audit_entries", "audit_heads"):
            await connection.execute(text(f"DELETE FROM missions.{table} WHERE {which}"))


@pytest.mark.parametrize(
    ("tampering", "place", "reason"),
    [
        (
            "UPDATE missions.audit_entries SET document = replace(document, 'alice', 'alicf') WHERE sequence = 2",
            2,
            "not what was",
        ),
        ("DELETE FROM missions.audit_entries WHERE sequence = 4", 4, "Entry 4 is missing: 5 stands in its place"),
        ("DELETE FROM missions.audit_entries WHERE sequence > 4", 5, "6 were written, 4 are there"),
        ("DELETE FROM missions.audit_heads", 1, "head, which each Mission has from its beginning, is missing"),
    ],
)
async def test_what_a_superuser_did_without_triggers_is_found(store: Store, tampering: str, place: int, reason: str) -> None:
    await _a_life(store)
    async with store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(tampering))
    found = await broken(store)
    assert found is not None
    assert found.sequence == place
    assert reason in found.reason

"""Standing rules: what they let through, how often, and what ends them (R5.3)."""

import asyncio
from datetime import UTC, datetime

import pytest

from blocks.store.store import Store
from blueprint.audit import AuditEntry
from blueprint.chain import find_break
from blueprint.errors import InvalidInput, NotPermitted, UnknownName
from blueprint.policy import ToolCall
from blueprint.records import JournalEntry, RunEnd, RunState
from blueprint.requests import Decision
from blueprint.stream import Outcome
from tests.blocks.examples import CALL, answer, intended, mission, request, returned, run, standing_rule


@pytest.fixture(autouse=True)
async def _runs(store: Store) -> None:
    await store.missions.add(mission())
    for name in ("run-1", "run-2"):
        await store.runs.start(run(name))
        await store.leases.claim(name, mission_id="hosts", operation="run_task", owner="a", seconds=60)


def _call(number: int) -> ToolCall:
    return CALL.model_copy(update={"id": f"c{number:05d}000"})


async def _use(store: Store, number: int = 2, *, run_id: str = "run-1", attempt: int = 1) -> JournalEntry:
    return await store.journal.append(run_id, intended(_call(number), standing_rule="r-1", attempt=attempt), "a")


async def _state(store: Store) -> str:
    [only] = await store.standing_rules.list("hosts")
    return only.state


async def test_a_rule_lets_its_calls_through_so_often_a_day_and_a_repeated_attempt_is_no_further_use(store: Store) -> None:
    await store.standing_rules.add(standing_rule(uses_a_day=2))
    for number, attempt in ((1, 1), (2, 1), (2, 2)):
        await _use(store, number, attempt=attempt)
    with pytest.raises(NotPermitted, match="used 2 times within 24 hours, and may be 2 times"):
        await _use(store, 3)
    [rule] = await store.standing_rules.list()
    assert (rule.used, rule.state, await store.standing_rules.fitting("hosts", CALL)) == (2, "in force", [])


async def test_of_two_runs_that_want_the_last_use_one_gets_it(store: Store) -> None:
    await store.standing_rules.add(standing_rule(uses_a_day=1))
    results = await asyncio.gather(*(_use(store, 1, run_id=run_id) for run_id in ("run-1", "run-2")), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["JournalEntry", "NotPermitted"]


@pytest.mark.parametrize(
    ("outcome", "is_error", "state"),
    [
        (Outcome.DONE, False, "in force"),
        (Outcome.DONE, True, "ended: call c00002000 of run run-1 failed"),
        (Outcome.NOT_DONE, True, "ended: call c00002000 of run run-1 ended not done"),
        (Outcome.UNKNOWN, True, "ended: call c00002000 of run run-1 ended unknown"),
    ],
)
async def test_the_first_call_that_goes_wrong_ends_the_rule(store: Store, outcome: Outcome, is_error: bool, state: str) -> None:
    await store.standing_rules.add(standing_rule())
    await _use(store)
    await store.journal.append("run-1", returned(_call(2), outcome, is_error=is_error), "a")
    assert await _state(store) == state


async def test_a_call_that_never_came_back_before_its_run_was_over_ends_the_rule(store: Store) -> None:
    await store.standing_rules.add(standing_rule())
    await _use(store)
    await store.runs.finish("run-1", RunEnd(state=RunState.CANCELLED, ended_at=datetime.now(UTC)))
    assert await _state(store) == "ended: a call of run run-1 never came back"


async def test_a_person_who_rejects_a_call_of_the_tool_ends_the_rule(store: Store) -> None:
    await store.standing_rules.add(standing_rule())
    await store.requests.open(request())
    await store.requests.answer("run-1", request().key, answer(Decision.REJECT, by="console"))
    assert await _state(store) == "ended: console rejected a call of host.clean_scratch"
    with pytest.raises(NotPermitted, match="it has ended: console rejected"):
        await _use(store)


async def test_a_revoked_or_expired_rule_and_one_of_another_mission_let_nothing_through(store: Store) -> None:
    await store.missions.add(mission("mail"))
    await store.standing_rules.add(standing_rule())
    ended = await store.standing_rules.revoke("r-", "command:bob")
    await store.standing_rules.add(standing_rule("r-2", days=-1))
    await store.standing_rules.add(standing_rule("r-3").model_copy(update={"mission_id": "mail"}))
    assert ended.ended_because == "command:bob revoked it"
    for name, reason in (("r-1", "ended: command:bob"), ("r-2", "expired"), ("r-3", "no standing rule"), ("r-9", "no standing")):
        with pytest.raises(NotPermitted, match=reason):
            await store.journal.append("run-1", intended(standing_rule=name), "a")
    with pytest.raises(InvalidInput, match="has ended: command:bob revoked it"):
        await store.standing_rules.revoke("r-1", "command:eve")
    with pytest.raises(UnknownName, match="'x'; available: r-1, r-2, r-3"):
        await store.standing_rules.revoke("x", "command:eve")


async def test_a_rule_its_uses_and_its_end_are_in_the_audit_record_and_the_chain_holds(store: Store) -> None:
    await store.standing_rules.add(standing_rule())
    await store.standing_rules.add(standing_rule("r-2", older_than_days="*"))
    await _use(store)
    await store.requests.open(request())
    await store.requests.answer("run-1", request().key, answer(Decision.REJECT))
    links, head = await store.audit.read("hosts")
    kinds = [AuditEntry.model_validate_json(link.text).event.kind for link in links]
    made, used, ended = "standing rule made", "leave used", "standing rule ended"
    assert kinds == ["mission changed", made, made, used, "request opened", ended, ended, "request answered"]
    assert find_break(links, head) is None


async def test_a_rule_does_not_let_other_arguments_through(store: Store) -> None:
    await store.standing_rules.add(standing_rule())
    other = CALL.model_copy(update={"arguments": {"older_than_days": 1}})
    with pytest.raises(NotPermitted, match="its pattern does not fit"):
        await store.journal.append("run-1", intended(other, standing_rule="r-1"), "a")
    assert await store.standing_rules.fitting("hosts", other) == []
    assert [rule.id for rule in await store.standing_rules.fitting("hosts", CALL)] == ["r-1"]

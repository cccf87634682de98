"""What allows a call is used up with the line that says that it is about to be made, and fits nothing else (R5.3)."""

import asyncio
import unicodedata

import pytest
from pydantic import JsonValue, TypeAdapter

from blocks.store.store import Store
from blueprint.errors import NotPermitted
from blueprint.policy import Rule, ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import ApprovalQuestion, Decision, Evidence, InformationQuestion, evidence_digest
from tests.blocks.examples import CALL, answer, intended, mission, request, returned, run

KEY = request().key
WORD = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
SHOWN = '{"path":"/srv/WORD","days":7,"deep":{"a":1,"b":[1,2]},"big":9007199254740993}'.replace("WORD", WORD)
_READ: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


@pytest.fixture(autouse=True)
async def _run(store: Store) -> None:
    await store.missions.add(mission())
    await store.runs.start(run())
    await store.leases.claim("run-1", mission_id="hosts", operation="run_task", owner="a", seconds=60)


async def _approve(store: Store, question: ApprovalQuestion | None = None, decision: Decision = Decision.APPROVE) -> None:
    await store.requests.open(request(question=question))
    await store.requests.answer("run-1", KEY, answer(decision))


def _about(call: ToolCall = CALL, *, version: int = 1, evidence: tuple[Evidence, ...] = ()) -> ApprovalQuestion:
    return ApprovalQuestion(call=call, plan_version=version, evidence=evidence, why="It is full.", risk="It changes.")


def _written(text: str) -> ToolCall:
    """The call as it is read from what a model wrote."""
    return CALL.model_copy(update={"arguments": _READ.validate_json(text)})


async def test_approval_is_reserved_by_its_call_and_only_once(store: Store) -> None:
    await _approve(store)
    await store.journal.append("run-1", intended(approval=KEY), "a")
    with pytest.raises(NotPermitted, match="was used up by call c00002000"):
        await store.journal.append("run-1", intended(approval=KEY), "a")
    again = CALL.model_copy(update={"id": "c00003000"})
    with pytest.raises(NotPermitted, match="does not approve this call"):
        await store.journal.append("run-1", intended(again, approval=KEY, attempt=2), "a")
    assert len(await store.journal.read("run-1")) == 1


async def test_of_many_uses_at_the_same_instant_one_wins(store: Store) -> None:
    await _approve(store)
    uses = (store.journal.append("run-1", intended(approval=KEY), "a") for _ in range(5))
    results = await asyncio.gather(*uses, return_exceptions=True)
    assert [type(result) for result in results].count(JournalEntry) == 1
    assert [type(result) for result in results].count(NotPermitted) == 4


async def test_further_attempt_needs_no_second_approval_until_the_call_has_come_back(store: Store) -> None:
    await _approve(store)
    for attempt in (1, 2):
        await store.journal.append("run-1", intended(approval=KEY, attempt=attempt), "a")
    await store.journal.append("run-1", returned(), "a")
    with pytest.raises(NotPermitted, match="was used up"):
        await store.journal.append("run-1", intended(approval=KEY, attempt=3), "a")
    assert len(await store.journal.read("run-1")) == 3


@pytest.mark.parametrize(
    "same",
    [
        SHOWN,
        '{"big":9007199254740993,"deep":{"b":[1,2],"a":1},"days":7,"path":"/srv/WORD"}'.replace("WORD", WORD),
        SHOWN.replace("7", "7.0", 1),
        SHOWN.replace('"days":7', '"days":7e0'),
        SHOWN.replace('"days":7', '"days":70E-1'),
        SHOWN.replace(WORD, "caf\\u00e9"),
    ],
    ids=["itself", "other key order", "7.0", "7e0", "70E-1", "escaped"],
)
async def test_approval_fits_the_same_json_value_however_it_is_written(store: Store, same: str) -> None:
    await _approve(store, _about(_written(SHOWN)))
    await store.journal.append("run-1", intended(_written(same), approval=KEY), "a")


@pytest.mark.parametrize(
    "other",
    [
        SHOWN.replace("srv", "srw"),
        SHOWN.replace('"days":7', '"days":"7"'),
        SHOWN.replace('"days":7', '"days":7.000000001'),
        SHOWN.replace('"days":7', '"days":8'),
        SHOWN.replace('"a":1', '"a":true'),
        SHOWN.replace("[1,2]", "[2,1]"),
        SHOWN.replace("9007199254740993", "9007199254740992"),
        SHOWN.replace("9007199254740993", "9007199254740993.0"),
        SHOWN.replace(WORD, unicodedata.normalize("NFD", WORD)),
        SHOWN.replace("/srv", "/srv\u200b"),
        SHOWN.replace("}", ',"force":null}'),
        SHOWN.replace('"days":7,', ""),
    ],
    ids=["a byte", "text", "a hair", "8", "true", "list order", "big", "big as float", "NFD", "zero width", "more", "less"],
)
async def test_approval_fits_no_other_value(store: Store, other: str) -> None:
    await _approve(store, _about(_written(SHOWN)))
    with pytest.raises(NotPermitted, match="does not approve this call"):
        await store.journal.append("run-1", intended(_written(other), approval=KEY), "a")
    assert await store.journal.read("run-1") == []


async def test_approval_is_bound_to_server_tool_plan_mission_and_evidence(store: Store) -> None:
    seen = (Evidence(call=CALL, step=3, result="0" * 64),)
    await _approve(store, _about(evidence=seen))
    moved = evidence_digest([seen[0].model_copy(update={"result": "1" * 64})])
    wrong = [
        intended(approval=KEY),
        intended(approval=KEY, evidence=moved),
        intended(CALL.model_copy(update={"server": "far"}), approval=KEY, evidence=evidence_digest(seen)),
        intended(CALL.model_copy(update={"tool": "wipe"}), approval=KEY, evidence=evidence_digest(seen)),
    ]
    for each in wrong:
        with pytest.raises(NotPermitted, match="does not approve this call"):
            await store.journal.append("run-1", each, "a")
    await store.journal.append("run-1", intended(approval=KEY, evidence=evidence_digest(seen)), "a")


@pytest.mark.parametrize("change", [{"question": _about(version=2)}, {"mission_id": "mail"}], ids=["plan", "mission"])
async def test_approval_under_another_plan_or_mission_allows_nothing(store: Store, change: dict[str, object]) -> None:
    await store.requests.open(request(question=_about()).model_copy(update=change))
    await store.requests.answer("run-1", KEY, answer())
    with pytest.raises(NotPermitted, match="does not approve this call"):
        await store.journal.append("run-1", intended(approval=KEY), "a")


async def test_approval_for_the_run_allows_the_tool_with_other_arguments_and_no_other_tool(store: Store) -> None:
    await _approve(store, _about(), Decision.APPROVE_RUN)
    other = CALL.model_copy(update={"id": "c00009000", "arguments": {"older_than_days": 1}})
    for _ in range(2):
        await store.journal.append("run-1", intended(other, run_approval=KEY), "a")
    with pytest.raises(NotPermitted, match="does not approve this call"):
        await store.journal.append("run-1", intended(other.model_copy(update={"tool": "wipe"}), run_approval=KEY), "a")
    await store.journal.append("run-1", intended(approval=KEY), "a")


async def test_approval_of_one_call_is_none_for_the_run(store: Store) -> None:
    await _approve(store)
    with pytest.raises(NotPermitted, match="does not approve this call"):
        await store.journal.append("run-1", intended(run_approval=KEY), "a")


async def test_what_is_open_rejected_or_no_approval_at_all_allows_nothing(store: Store) -> None:
    await store.requests.open(request("open"))
    await store.requests.open(request("rejected"))
    await store.requests.answer("run-1", "rejected", answer(Decision.REJECT))
    await store.requests.open(request("question", question=InformationQuestion(questions=("When?",))))
    await store.requests.answer("run-1", "question", answer(Decision.ANSWER))
    for key in ("open", "rejected", "question", "never-asked"):
        for wish in (intended(approval=key), intended(run_approval=key)):
            with pytest.raises(NotPermitted, match="does not approve"):
                await store.journal.append("run-1", wish, "a")
    assert await store.journal.read("run-1") == []


async def test_a_call_that_is_asked_about_and_one_that_is_forbidden_need_more_than_a_line(store: Store) -> None:
    await _approve(store)
    with pytest.raises(NotPermitted, match=r"Nothing allows the call of 'host\.clean_scratch'"):
        await store.journal.append("run-1", intended(), "a")
    with pytest.raises(NotPermitted, match="is forbidden"):
        await store.journal.append("run-1", intended(rule=Rule.FORBID, approval=KEY), "a")

"""Recorded runs again, offline: the same outcome under the same rules, and exactly what other rules would change."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.loop import Brief, work
from agent.replay.replaying import Present, RecordedRun, Replayed, replay
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.errors import InvalidInput, MissionsError
from blueprint.plan import Strategy
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunRecord, RunState
from blueprint.requests import Decision
from blueprint.standing import StandingRule
from blueprint.stream import Concluded, Returned
from tests.fakes.counter import Counter
from tests.fakes.model_server import Turn, calls, says, scripted_model
from tests.fakes.records import run_record, standing_rule
from tests.fakes.run import MemoryJournal, ProcessEnded, ToldPeople, agent_at_work

BRIEF = Brief(system="You are careful.", task="Count.", step_limit=12, token_budget=100_000)
DONE = calls(("conclude", {"summary": "Counted.", "findings": []}))
PEEK, COUNT = calls(("counter__peek", {})), calls(("counter__count", {"text": "one"}))
ASK = calls(("ask_person", {"kind": "information", "title": "Which?", "text": "Which one?"}))
NOW = datetime.now(UTC)
TRUSTED = ("Count one.",)
RECORDINGS = Path(__file__).parent / "recordings"
"""Made with `missions replay RUN --save FILE`."""
APPROVE, REJECT, STOP = Decision.APPROVE, Decision.REJECT, Decision.STOP


def _policy(tool: str, rule: Rule) -> RiskPolicy:
    return RiskPolicy(rules=(ToolRule(tool=tool, rule=rule),))


Recorded = Callable[[str], Awaitable[tuple[RunRecord, MemoryJournal]]]
NONE = RiskPolicy()
AUTO, FORBID = _policy("counter.count", Rule.AUTO), _policy("counter.count", Rule.FORBID)

RUNS: dict[str, tuple[list[Turn], list[Decision], RiskPolicy]] = {
    "reads": ([PEEK, DONE], [], NONE),
    "several calls in one answer": ([calls(("counter__peek", {}), ("counter__count", {"text": "a"})), DONE], [APPROVE], NONE),
    "approved": ([COUNT, DONE], [APPROVE], NONE),
    "approved after a look": ([PEEK, COUNT, DONE], [APPROVE], NONE),
    "rejected": ([COUNT, DONE], [REJECT], NONE),
    "approved for the run": ([COUNT, COUNT, DONE], [Decision.APPROVE_RUN], NONE),
    "made without asking": ([COUNT, DONE], [], AUTO),
    "announced": ([COUNT, DONE], [], _policy("counter.count", Rule.CAUTIOUS)),
    "forbidden": ([COUNT, DONE], [], FORBID),
    "a question of the agent": ([ASK, DONE], [Decision.ANSWER], NONE),
    "an unknown tool": ([calls(("counter__paek", {})), DONE], [], NONE),
    "wrong arguments": ([calls(("conclude", {"findings": 1})), DONE], [], NONE),
    "words instead of a call": ([says("hm"), DONE], [], NONE),
    "a model that stays unusable": ([says("hm")] * 5, [], NONE),
    "a server that dies": ([calls(("counter__crash", {})), PEEK, DONE], [], NONE),
    "an outcome that is unknown": (
        [calls(("counter__count", {"text": "x", "before": 9})), DONE],
        [APPROVE, Decision.NOT_HAPPENED],
        NONE,
    ),
    "stopped at an unknown outcome": ([calls(("counter__count", {"text": "x", "before": 9}))], [APPROVE, STOP], NONE),
    "more steps than there are": ([PEEK] * 12, [], NONE),
}


async def _record(
    folder: Path,
    script: Sequence[Turn],
    decisions: Sequence[Decision],
    policy: RiskPolicy,
    *,
    journal: MemoryJournal | None = None,
    rules: Sequence[StandingRule] = (),
) -> tuple[RunRecord, MemoryJournal]:
    """A run as it is made, with how it ended; a process that ends leaves it Running."""
    journal = journal or MemoryJournal()
    state, reason = RunState.SUCCESS, ""
    async with scripted_model(script) as model:
        try:
            async with agent_at_work(
                model_url=model.url,
                servers=[Counter(folder=folder).connection(call_seconds=0.5)],
                journal=journal,
                people=ToldPeople(*decisions),
                policy=policy,
                rules=rules,
                trusted=TRUSTED,
            ) as agent:
                async for _ in work(agent, BRIEF):
                    pass
        except ProcessEnded:
            state = RunState.RUNNING
        except MissionsError as error:
            state, reason = RunState.FAILED, str(error)
    return _ended(state, reason), journal


def _ended(state: RunState = RunState.SUCCESS, reason: str = "") -> RunRecord:
    return run_record(NOW, state=state, reason=reason)


async def _replay(
    record: RunRecord, journal: MemoryJournal, policy: RiskPolicy, *, rules: Sequence[StandingRule] = (), steps: int = 12
) -> Replayed:
    present = Present(
        policies=(("the Blueprint", policy),),
        trusted=TRUSTED,
        strategy=Strategy(step_limit=steps, token_budget=100_000),
        rules=tuple(rules),
    )
    return await replay(RecordedRun(record=record, entries=tuple(journal.entries), present=present))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The runs above, each made once."""
    known: dict[str, tuple[RunRecord, MemoryJournal]] = {}

    async def record(name: str) -> tuple[RunRecord, MemoryJournal]:
        if name not in known:
            known[name] = await _record(tmp_path_factory.mktemp("run"), *RUNS[name])
        return known[name]

    return record


@pytest.mark.parametrize("name", RUNS)
async def test_a_run_comes_out_the_same_under_the_same_rules(name: str, recorded: Recorded) -> None:
    record, journal = await recorded(name)
    again = await _replay(record, journal, RUNS[name][2])
    assert again.differences == ()
    assert again.calls == sum(isinstance(event, Returned) for event in journal.events)


async def test_a_run_that_was_interrupted_in_a_call_comes_out_the_same(tmp_path: Path) -> None:
    _, whole = await _record(tmp_path, [COUNT, DONE], [APPROVE], NONE)
    cut = [event for event in whole.events if not isinstance(event, Returned | Concluded)][:-1]
    record, journal = await _record(tmp_path, [DONE], [Decision.HAPPENED], NONE, journal=MemoryJournal(cut))
    assert (await _replay(record, journal, NONE)).differences == ()


async def test_a_run_that_still_waits_is_replayed_as_far_as_it_is(tmp_path: Path) -> None:
    record, journal = await _record(tmp_path, [PEEK, COUNT], [], NONE)
    again = await _replay(record, journal, NONE)
    assert (again.differences, again.calls) == ((), 1)


async def test_leave_by_a_standing_rule_that_has_ended_since_counts_as_it_did(tmp_path: Path) -> None:
    rule = standing_rule(NOW, tool="counter.count", arguments={"text": "one"})
    record, journal = await _record(tmp_path, [COUNT, DONE], [], NONE, rules=[rule])
    assert (await _replay(record, journal, NONE, rules=[rule])).differences == ()
    [difference] = (await _replay(record, journal, NONE)).differences
    assert (difference.was, difference.now) == ("let through by standing rule r-1: done", "a person is asked")


@pytest.mark.parametrize("voids", [0, 1], ids=["nothing moved", "something moved"])
async def test_an_approval_that_came_late_was_looked_at_and_is_again(voids: int, tmp_path: Path) -> None:
    counter, journal = Counter(folder=tmp_path), MemoryJournal()
    counter.folder.joinpath("counts").write_text("one\n")

    class Late(ToldPeople):
        async def decide(self, **asked: object) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
            journal.now += timedelta(minutes=11)
            if len(self.asked) < voids:
                counter.folder.joinpath("counts").write_text("one\nmeanwhile\n")
            return await super().decide(**asked)  # pyright: ignore[reportArgumentType]

    people = Late(*[APPROVE] * (voids + 1))
    async with (
        scripted_model([PEEK, COUNT, DONE]) as model,
        agent_at_work(model_url=model.url, servers=[counter.connection()], journal=journal, people=people) as agent,
    ):
        async for _ in work(agent, BRIEF):
            pass
    assert len(people.asked) == voids + 1
    assert (await _replay(_ended(), journal, NONE)).differences == ()


async def test_a_question_of_a_tool_server_is_answered_as_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    arguments = ("-m", "tests.fakes.old_server", str(log))
    server = ToolServerConnection(name="old", server=StdioServer(command=sys.executable, arguments=arguments))
    journal, policy = MemoryJournal(), _policy("old.drop", Rule.AUTO)
    async with (
        scripted_model([calls(("old__drop", {"table": "t"})), DONE]) as model,
        agent_at_work(
            model_url=model.url, servers=[server], journal=journal, people=ToldPeople(Decision.CHOOSE, text="yes"), policy=policy
        ) as agent,
    ):
        async for _ in work(agent, BRIEF):
            pass
    assert (await _replay(_ended(), journal, policy)).differences == ()
    [difference] = (await _replay(_ended(), journal, _policy("old.drop", Rule.FORBID))).differences
    assert difference.now == "forbidden"


CHANGES = [
    pytest.param("made without asking", FORBID, [("made without asking: done", "forbidden")], id="made, now forbidden"),
    pytest.param("made without asking", NONE, [("made without asking: done", "a person is asked")], id="made, now asked about"),
    pytest.param("approved", AUTO, [("approved by a person: done", "made without asking: done")], id="asked about, now made"),
    pytest.param("approved", FORBID, [("approved by a person: done", "forbidden")], id="approved, now forbidden"),
    pytest.param("rejected", AUTO, [("rejected by a person", "made without asking: not done")], id="rejected, now made"),
    pytest.param("rejected", FORBID, [("rejected by a person", "forbidden")], id="rejected, now forbidden"),
    pytest.param("forbidden", AUTO, [("forbidden", "made without asking: not done")], id="forbidden, now made"),
    pytest.param("forbidden", NONE, [("forbidden", "a person is asked")], id="forbidden, now asked about"),
    pytest.param("reads", FORBID, [], id="a rule for another tool"),
    pytest.param(
        "approved for the run",
        FORBID,
        [("approved by a person: done", "forbidden"), ("approved for the run: done", "forbidden")],
        id="each call of several",
    ),
]


@pytest.mark.parametrize(("name", "policy", "expected"), CHANGES)
async def test_a_change_of_the_policy_shows_in_exactly_the_calls_that_it_changes(
    name: str, policy: RiskPolicy, expected: list[tuple[str, str]], recorded: Recorded
) -> None:
    again = await _replay(*await recorded(name), policy)
    assert [(difference.was, difference.now) for difference in again.differences] == expected
    assert all(difference.what == "counter.count" and difference.step for difference in again.differences)


async def test_a_tighter_limit_shows_where_the_run_would_end(tmp_path: Path) -> None:
    record, journal = await _record(tmp_path, [PEEK, PEEK, PEEK, DONE], [], NONE)
    [call, end] = (await _replay(record, journal, NONE, steps=2)).differences
    assert (call.now, end.what, end.was) == ("the replay does not come so far", "end of the run", "concluded: Counted.")
    assert "step" in end.now


SAVED = {file.stem: file.read_text() for file in sorted(RECORDINGS.glob("*.json"))}


@pytest.mark.parametrize("name", SAVED)
async def test_a_run_that_was_saved_comes_out_the_same_with_this_version_of_the_code(name: str) -> None:
    assert (await replay(RecordedRun.model_validate_json(SAVED[name]))).differences == ()


async def test_a_run_without_a_journal_can_not_be_replayed() -> None:
    with pytest.raises(InvalidInput, match="no journal to replay"):
        await _replay(_ended(), MemoryJournal(), NONE)

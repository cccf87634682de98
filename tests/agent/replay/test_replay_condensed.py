"""A long run whose context was condensed, again: nothing that it was told is needed, only what it answered."""

from datetime import UTC, datetime

from agent.loop import Brief, work
from agent.replay.replaying import Present, RecordedRun, replay
from blueprint.plan import Strategy
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.requests import Decision
from blueprint.stream import Condensed
from tests.fakes.long_work import PatientReader, reading
from tests.fakes.records import run_record
from tests.fakes.run import MemoryJournal, ToldPeople

BRIEF = Brief(system="You are careful.", task="Read the log.", step_limit=100, token_budget=10**7, context_tokens=12_000)
NOW = datetime.now(UTC)


async def _recorded() -> MemoryJournal:
    reader, journal = PatientReader(pages=30, window=12_000), MemoryJournal()
    async with reading(reader, journal, ToldPeople(Decision.ANSWER, text="db-7"), page_chars=4_000) as agent:
        async for _ in work(agent, BRIEF):
            pass
    return journal


def _run(journal: MemoryJournal, *rules: ToolRule) -> RecordedRun:
    strategy = Strategy(step_limit=100, token_budget=10**7)
    present = Present(policies=(("the Blueprint", RiskPolicy(rules=rules)),), trusted=(), strategy=strategy)
    return RecordedRun(record=run_record(NOW), entries=tuple(journal.entries), present=present)


async def test_a_condensed_run_comes_out_the_same_and_a_new_rule_shows_in_each_call() -> None:
    journal = await _recorded()
    assert any(isinstance(event, Condensed) for event in journal.events)
    assert (await replay(_run(journal))).differences == ()
    forbidden = await replay(_run(journal, ToolRule(tool="log.*", rule=Rule.FORBID)))
    assert [difference.what for difference in forbidden.differences] == ["log.read"] * 26
    assert {difference.now for difference in forbidden.differences} == {"forbidden"}

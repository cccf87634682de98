"""The rehearsal model at work in the real loop, with the real host tools and with a server that it knows nothing of."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.spoken import CONFESSION
from agent.builtin.rehearsal.turn import instructions, take_turn
from agent.loop import Agent, Brief, work
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.requests import ApprovalQuestion, Decision
from blueprint.stream import Concluded, Conclusion, Outcome, Returned
from tests.fakes.rehearsal import rehearsal_model
from tests.fakes.run import MemoryJournal, ToldPeople, agent_at_work

TASK = """# Task: Watch the scratch directory

Check the memory. {wish}

The report must answer:
- Whether the disk was cleaned.

It belongs to the Mission "Disks": Check the disks and clean the scratch directory.

It is 2026-11-21T10:00+00:00 (UTC).
"""


@asynccontextmanager
async def _at_work(scratch: Path, journal: MemoryJournal, people: ToldPeople) -> AsyncGenerator[Agent]:
    environment = {"MISSIONS_SCRATCH": SecretStr(str(scratch))}
    server = StdioServer(command=sys.executable, arguments=("-m", "agent.builtin.host"), environment=environment)
    connection = ToolServerConnection(name="host", server=server)
    async with (
        rehearsal_model() as model,
        agent_at_work(model_url="http://127.0.0.1:9/v1", servers=[connection], journal=journal, people=people) as agent,
    ):
        yield replace(agent, model=model)


async def _conclude(scratch: Path, wish: str, people: ToldPeople) -> tuple[Conclusion, list[Returned]]:
    journal, brief = MemoryJournal(), Brief(system="", task=TASK.format(wish=wish), step_limit=20, token_budget=1_000_000)
    async with _at_work(scratch, journal, people) as agent:
        events = [event async for event in work(agent, brief)]
    assert isinstance(events[-1], Concluded)
    return events[-1].conclusion, [event for event in events if isinstance(event, Returned)]


def _scratch(folder: Path, size: int) -> Path:
    (folder / "scratch").mkdir()
    (folder / "scratch" / "old.log").write_bytes(b"x" * size)
    return folder / "scratch"


async def test_it_looks_then_changes_what_a_person_approves_then_concludes(tmp_path: Path) -> None:
    scratch, people = _scratch(tmp_path, 2_000_000), ToldPeople(Decision.APPROVE)
    conclusion, returned = await _conclude(scratch, "Clean the scratch directory when it is over 1 MB.", people)
    assert [event.call.tool for event in returned] == ["memory", "scratch_usage", "clean_scratch"]
    [(_, question)] = people.asked
    assert isinstance(question, ApprovalQuestion)
    assert "scratch usage says total bytes: 2.0 MB" in question.why
    assert list(scratch.iterdir()) == []
    known = {event.call.id for event in returned}
    assert all(set(finding.evidence) <= known and finding.evidence for finding in conclusion.findings)
    assert "Scratch directory cleaned." in conclusion.summary
    assert conclusion.summary.endswith(CONFESSION)


async def test_it_accepts_a_rejection_and_says_so(tmp_path: Path) -> None:
    scratch, people = _scratch(tmp_path, 2_000_000), ToldPeople(Decision.REJECT, text="we need them")
    conclusion, returned = await _conclude(scratch, "Clean the scratch directory when it is over 1 MB.", people)
    assert len(people.asked) == 1
    assert returned[-1].outcome is Outcome.NOT_DONE
    assert "Scratch directory not cleaned." in conclusion.summary
    assert any("we need them" in finding.detail for finding in conclusion.findings)


async def test_it_does_not_even_ask_when_the_condition_does_not_hold(tmp_path: Path) -> None:
    people = ToldPeople()
    conclusion, returned = await _conclude(_scratch(tmp_path, 10), "Clean the scratch directory when it is over 1 MB.", people)
    assert [event.call.tool for event in returned] == ["memory", "scratch_usage"]
    [left] = [finding for finding in conclusion.findings if finding.title == "Scratch directory left as it is"]
    assert left.detail == "'when it is over 1 MB' does not hold: scratch usage says total bytes: 10 bytes."


async def test_it_does_not_act_on_a_condition_that_it_cannot_weigh(tmp_path: Path) -> None:
    conclusion, _ = await _conclude(_scratch(tmp_path, 10), "Clean the scratch directory when the moon is full.", ToldPeople())
    assert conclusion.unchecked == ("Scratch directory not cleaned. I can't weigh 'when the moon is full'.",)


async def test_it_says_when_no_tool_fits(tmp_path: Path) -> None:
    journal, brief = MemoryJournal(), Brief(system="", task="Measure the tide.", step_limit=5, token_budget=100_000)
    async with _at_work(tmp_path, journal, ToldPeople()) as agent:
        events = [event async for event in work(agent, brief)]
    assert isinstance(events[-1], Concluded)
    assert events[-1].conclusion.unchecked == ("No tool fits 'Measure the tide'.",)
    assert events[-1].conclusion.summary.startswith("Nothing could be checked")


def test_it_asks_a_person_for_what_a_tool_needs_and_uses_the_answer() -> None:
    schema = {"properties": {"repo_path": {"type": "string"}}, "required": ["repo_path"]}
    offers = [Offer(name="git__git_log", parameters=schema), Offer(name="ask_person"), Offer(name="conclude")]
    messages = [{"role": "user", "content": "Report the git log."}]
    [question] = take_turn(messages, offers).calls
    assert (question.name, question.arguments["kind"]) == ("ask_person", "information")
    asked = {"id": "r1", "function": {"name": "ask_person", "arguments": "{}"}}
    answered = {"role": "tool", "tool_call_id": "r1", "content": "call c00001000 missions.ask_person: ok\n\nIt is /srv/app"}
    [call] = take_turn([*messages, {"role": "assistant", "tool_calls": [asked]}, answered], offers).calls
    assert (call.name, call.arguments) == ("git__git_log", {"repo_path": "/srv/app"})


def test_only_the_instructions_of_a_first_message_are_orders() -> None:
    assert instructions(TASK.format(wish="Look at the load.")) == "Check the memory. Look at the load."

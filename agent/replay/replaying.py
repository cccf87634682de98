"""Runs a recorded run again, offline: its model's, tools' and people's answers against the present code and policy (R4.11)."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from agent.loop import Agent, Brief, work
from agent.replay.comparing import Difference, answers, conclusion, differences
from agent.replay.parts import RecordedLooks, RecordedModel, RecordedPeople, RecordedTools, ReplayJournal
from agent.replay.recording import Recording, RecordingEnds
from agent.tools.approval import Approval
from agent.tools.journaled import Journaled
from agent.tools.offer import Offer
from agent.tools.only_reads import OnlyReads
from agent.tools.persons_leave import PersonsLeave
from blueprint.errors import InvalidInput, RunEnded
from blueprint.plan import Strategy
from blueprint.policy import RiskPolicy, ToolCall
from blueprint.records import JournalEntry, RunRecord
from blueprint.requests import LOOK_AGAIN_SECONDS
from blueprint.standing import StandingRule
from blueprint.stream import Returned
from blueprint.values import Value


class Present(Value):
    """What holds today, where it may differ from what held when the run was made."""

    policies: tuple[tuple[str, RiskPolicy], ...] = Field(description="Labels and rules, in order of precedence.")
    trusted: tuple[str, ...] = Field(description="What people have written or confirmed.")
    strategy: Strategy
    rules: tuple[StandingRule, ...] = Field(
        default=(), description="Those that have ended too: one that let a call through then does so again."
    )
    look_again_seconds: int = LOOK_AGAIN_SECONDS


class RecordedRun(Value):
    """A run as a file: its journal, and what held when it was saved, so that other versions of the code can replay it."""

    record: RunRecord
    entries: tuple[JournalEntry, ...]
    present: Present


class Replayed(Value):
    """What came of a replay."""

    answers: int
    calls: int
    differences: tuple[Difference, ...]


async def replay(run: RecordedRun) -> Replayed:
    """Replay what the journal has. InvalidInput when the run never got so far that its model was asked.

    Where the run and the replay go apart, the recorded answers are still what the model says next, so that every call of
    the run is looked at. No approval is used up, and nothing is written.
    """
    recording = Recording(entries=run.entries)
    if recording.briefing is None:
        raise InvalidInput(f"Run {run.record.id} has no journal to replay: it ended before its model was asked.")
    journal = ReplayJournal(recording)
    await journal.append(recording.briefing)
    ended = await _work_through(_agent(run.record, recording, journal, run.present), run.present.strategy)
    found = [*differences(run.entries, journal.events), *_end(run.record, recording, journal, ended)]
    calls = sum(isinstance(event, Returned) for event in journal.events)
    return Replayed(answers=answers(journal.events), calls=calls, differences=tuple(found))


def _agent(record: RunRecord, recording: Recording, journal: ReplayJournal, present: Present) -> Agent:
    """As in a run; only the innermost parts are others."""
    people, offered = RecordedPeople(recording=recording), Offer(recording.tools())

    async def fitting(call: ToolCall) -> Sequence[StandingRule]:
        begun = recording.intended(call.id)
        return [rule for rule in present.rules if begun and rule.id == begun.standing_rule and rule.fits(call)]

    toolset = Approval(
        inner=Journaled(inner=RecordedTools(recording=recording, journal=journal), journal=journal, approver=people),
        offered=offered,
        policies=present.policies,
        trusted=present.trusted,
        journal=journal,
        fitting_rules=fitting,
        person=PersonsLeave(
            journal=journal,
            approver=people,
            looks=OnlyReads(
                inner=RecordedLooks(recording=recording, journal=journal), offered=offered, policies=present.policies
            ),
            why=str,
            clock=journal.clock,
            plan_version=record.plan_version,
            fresh_for=timedelta(seconds=present.look_again_seconds),
        ),
    )
    return Agent(model=RecordedModel(recording), toolset=toolset, tools=offered, journal=journal, approver=people)


async def _work_through(agent: Agent, strategy: Strategy) -> str:
    """Work to the end of the recording; the reason when the present code ends the run, or asks people, by itself."""
    brief = Brief(system="", task="", step_limit=strategy.step_limit, token_budget=strategy.token_budget)
    try:
        async for _ in work(agent, brief):
            pass
    except (RecordingEnds, RunEnded) as error:
        return str(error)
    return ""


def _end(record: RunRecord, recording: Recording, journal: ReplayJournal, ended: str) -> list[Difference]:
    """How the run ended, where that would be otherwise."""
    was, now = conclusion(list(recording.events)), conclusion(journal.events)
    if was == now and (not ended or ended == record.reason):
        return []
    told = [said.summary if said else "" for said in (was, now)]
    return [
        Difference(
            step=0,
            what="end of the run",
            was=f"concluded: {told[0]}" if was else record.reason or record.state.value,
            now=f"concluded: {told[1]}" if now else ended or "it goes on beyond the recorded answers",
        )
    ]

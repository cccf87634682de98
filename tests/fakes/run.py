"""A run without a store: a journal in memory, and people who answer as they were told."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from agent.conversation import fold
from agent.loop import Agent
from agent.model.openai_model import OpenAIModel
from agent.results.kept import Kept
from agent.results.looking import Looking
from agent.results.results import Results
from agent.skills import SkillTools, WithSkills
from agent.tools.approval import Approval
from agent.tools.journaled import Journaled
from agent.tools.limits import Limited
from agent.tools.mcp import McpToolset
from agent.tools.offer import Offer
from agent.tools.only_reads import OnlyReads
from agent.tools.persons_leave import PersonsLeave
from agent.tools.relisted import Relisted
from agent.tools.wishes import known_reply
from blueprint.connections import ModelConnection, ToolServerConnection
from blueprint.policy import RiskPolicy, ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import Answer, Decision, Question
from blueprint.standing import StandingRule
from blueprint.stream import StreamEvent

VIEW_CHARS = 10_000
"""So much of a result the model reads at once."""


class MemoryJournal:
    """A journal that lasts as long as the test; give it to a second agent to see what a restart does."""

    def __init__(self, events: Sequence[StreamEvent] = ()) -> None:
        self.now = datetime.now(UTC)
        self._entries = [JournalEntry(sequence=place, at=self.now, event=event) for place, event in enumerate(events, start=1)]

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far."""
        return [entry.event for entry in self._entries]

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """The same, with their numbers and times."""
        return self._entries

    async def append(self, event: StreamEvent) -> None:
        """Keep one event, at the time that `now` says."""
        self._entries.append(JournalEntry(sequence=len(self._entries) + 1, at=self.now, event=event))


class ToldPeople:
    """Gives the decisions it was told, in order, and remembers what it was asked. Having none left is the process's end."""

    def __init__(self, *decisions: Decision, text: str = "") -> None:
        self._decisions = list(decisions)
        self._text = text
        self.asked: list[tuple[str, Question]] = []

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        """The next decision."""
        self.asked.append((key, question))
        if not self._decisions:
            raise ProcessEnded
        return Answer(decision=self._decisions.pop(0), text=self._text, by="test", at=datetime.now(UTC))


class ProcessEnded(BaseException):
    """Stands for the end of a process that waits for a person."""


@asynccontextmanager
async def agent_at_work(
    *,
    model_url: str,
    servers: Sequence[ToolServerConnection],
    journal: MemoryJournal,
    people: ToldPeople,
    policy: RiskPolicy | None = None,
    rules: Sequence[StandingRule] = (),
    trusted: Sequence[str] = (),
    results: Results | None = None,
    call_seconds: float = 20,
    skills: SkillTools | None = None,
) -> AsyncGenerator[Agent]:
    """An agent with real tools and a real endpoint, wrapped as in a run but for the store; large results go to `results`."""
    connection = ModelConnection(name="scripted", base_url=model_url, model="scripted", max_retries=0)
    async with (
        McpToolset(servers, replies=lambda call, wish: known_reply(call, wish, journal.events)) as mcp,
        OpenAIModel(connection) as model,
    ):
        tools = WithSkills(servers=mcp, skills=skills or SkillTools(skills=()))
        offered = Offer((await tools.tools()).tools)
        kept = Kept(inner=tools, results=results, view_chars=VIEW_CHARS) if results else tools
        limited = Relisted(
            inner=Limited(kept, max_result_chars=VIEW_CHARS, call_seconds=call_seconds),
            offer=offered,
            is_outdated=lambda: mcp.is_outdated,
        )
        policies = [("the Blueprint", policy or RiskPolicy())]

        async def fitting(call: ToolCall) -> Sequence[StandingRule]:
            return [rule for rule in rules if rule.fits(call)]

        toolset = Approval(
            inner=Journaled(inner=limited, journal=journal, approver=people),
            offered=offered,
            policies=policies,
            trusted=trusted,
            journal=journal,
            fitting_rules=fitting,
            person=PersonsLeave(
                journal=journal,
                approver=people,
                looks=OnlyReads(inner=limited, offered=offered, policies=policies),
                why=lambda: fold(journal.events).thought,
                clock=lambda: journal.now,
                plan_version=1,
                fresh_for=timedelta(minutes=10),
            ),
        )
        looking = Looking(results=results, view_chars=VIEW_CHARS)
        yield Agent(model=model, toolset=toolset, tools=offered, journal=journal, approver=people, looking=looking)

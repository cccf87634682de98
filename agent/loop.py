"""The agent's loop: think, call tools, ask people, conclude. Everything it knows is in the journal."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from agent.approver import Approver
from agent.budgets import keep_within
from agent.calls import read_reply
from agent.circles import notice_circles
from agent.context.condensing import make_more_room, make_room
from agent.conversation import Conversation, fold
from agent.journal import Journal
from agent.model.model import Model, Reply, ToolDeclaration
from agent.own_calls import perform_own, refused
from agent.own_tools import OWN_DECLARATIONS, OWN_SERVER
from agent.results.looking import Looking
from agent.tools.toolset import Tool, Toolset
from blueprint.budget import Amounts
from blueprint.errors import ConversationTooLong, ModelMisbehaved
from blueprint.policy import ToolCall
from blueprint.stream import Briefed, Corrected, ModelCall, OfferedTool, Returned, StreamEvent

CORRECTIONS = 5
"""So many unusable answers in a row end the run (R4.9)."""


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What a run is told at first, and how far it may go."""

    system: str
    task: str
    untrusted: str = ""
    """What of the task's words is not people's: the last report, failures of tool servers."""
    given: str = ""
    """What of them came with what started the run: an event, reports of other Tasks."""
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tool servers that can't be used, and why (R4.10)."""
    shares: Mapping[str, int] = field(default_factory=dict[str, int])
    """About how many tokens each part of it takes (R8.2)."""
    step_limit: int
    token_budget: int
    cost_budget: float = 0
    """0: not limited."""
    context_tokens: int = 0
    """What the model takes at once, its answer left out; 0: any amount."""
    time_limit_seconds: float = 0
    """0: not limited here. A step that is at work when the time is up is whoever drives the loop's to end."""

    @property
    def limits(self) -> Amounts:
        """What the plan gives the run."""
        return Amounts(steps=self.step_limit, tokens=self.token_budget, cost=self.cost_budget, time=self.time_limit_seconds)


def _no_time() -> float:
    return 0


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One run's collaborators. `toolset` already asks for approval and keeps the journal."""

    model: Model
    toolset: Toolset
    tools: Sequence[Tool]
    journal: Journal
    approver: Approver
    looking: Looking = Looking(results=None, view_chars=30_000)
    """Answers the model's questions about earlier results (R4.4)."""
    worked: Callable[[], float] = _no_time
    """Seconds that the run has been at work, over all executions (R4.6)."""


async def work(agent: Agent, brief: Brief) -> AsyncIterator[StreamEvent]:
    """Do the work, from where the journal stands to the conclusion; gives each event after it is durable.

    ModelUnavailable, or a RunEnded error (ModelMisbehaved, LimitReached, Unanswered, Stopped), when it can't go on.
    """
    seen = len(agent.journal.events)
    if not agent.journal.events:
        await agent.journal.append(
            Briefed(
                system=brief.system,
                task=brief.task,
                model=agent.model.label,
                untrusted=brief.untrusted,
                given=brief.given,
                missing=dict(brief.missing),
                shares=dict(brief.shares),
                tools=tuple(
                    OfferedTool(server=tool.server, tool=tool.name, wire_name=tool.wire_name, traits=tool.traits)
                    for tool in agent.tools
                ),
            )
        )
    while (state := fold(agent.journal.events)).conclusion is None:
        if state.pending:
            await _perform(agent, state.pending[0])
        else:
            await _think(agent, brief, state)
        for event in agent.journal.events[seen:]:
            yield event
        seen = len(agent.journal.events)


async def _think(agent: Agent, brief: Brief, state: Conversation) -> None:
    if state.corrections >= CORRECTIONS:
        raise ModelMisbehaved(_astray(agent.journal.events, state.corrections))
    await keep_within(brief.limits, journal=agent.journal, approver=agent.approver, worked=agent.worked())
    await notice_circles(agent.journal)
    await make_room(agent.journal, declarations(agent.tools), window=brief.context_tokens)
    start = monotonic()
    reply = await _reply(agent)
    await agent.journal.append(read_reply(reply, agent.tools, state.answers + 1, monotonic() - start))
    if not reply.calls:
        await agent.journal.append(Corrected(text=_CUT_OFF if reply.is_truncated else _NO_CALL))


async def _reply(agent: Agent) -> Reply:
    """The next answer; a model that takes less than was thought is asked again with less (R4.5)."""
    offered = declarations(agent.tools)
    while True:
        try:
            return await agent.model.reply(fold(agent.journal.events).messages, offered)
        except ConversationTooLong:
            if not await make_more_room(agent.journal, offered):
                raise


_NO_CALL = "Your answer called no tool. Call a tool to go on, or call `conclude` with your findings to end the work."
_CUT_OFF = (
    "Your answer was cut off at the longest that an answer may be, before it called a tool. "
    "Be brief: call one tool, or call `conclude` with the findings that matter most."
)


def _astray(events: Sequence[StreamEvent], times: int) -> str:
    said = [event.text for event in events if isinstance(event, Corrected | Returned)]
    last = f" The last time it was told: {said[-1][:_SAID_CHARS]!r}" if said else ""
    return f"The model's answers were unusable {times} times in a row; try another model.{last}"


_SAID_CHARS = 300


def declarations(tools: Sequence[Tool]) -> list[ToolDeclaration]:
    """All tools as the model sees them, the loop's own last."""
    offered = [ToolDeclaration(name=tool.wire_name, description=tool.description, parameters=tool.parameters) for tool in tools]
    return [*offered, *OWN_DECLARATIONS]


async def _perform(agent: Agent, asked: ModelCall) -> None:
    if asked.call is None:
        nowhere = ToolCall(id=asked.id, server="", tool=asked.wire_name, arguments={})
        await agent.journal.append(refused(nowhere, asked.problem))
    elif asked.call.server == OWN_SERVER:
        await perform_own(asked.call, journal=agent.journal, approver=agent.approver, looking=agent.looking)
    else:
        await agent.toolset.call(asked.call)

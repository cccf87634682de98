"""The agent's loop: think, call tools, ask people, conclude. Everything it knows is in the journal."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from agent.approver import Approver
from agent.asking import ask_person
from agent.calls import read_reply
from agent.conversation import Conversation, fold
from agent.journal import Journal
from agent.model.model import Model, ToolDeclaration
from agent.own_tools import CONCLUDE, OWN_DECLARATIONS, OWN_SERVER, QuestionToPerson, as_conclusion
from agent.tools.toolset import Tool, Toolset
from blueprint.errors import LimitReached, ModelMisbehaved, Stopped
from blueprint.policy import ToolCall
from blueprint.requests import Answer, Decision
from blueprint.stream import (
    Asked,
    Briefed,
    Concluded,
    Corrected,
    ModelCall,
    OfferedTool,
    Outcome,
    Returned,
    StreamEvent,
)

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
    shares: Mapping[str, int] = field(default_factory=dict[str, int])
    """About how many tokens each part of it takes (R8.2)."""
    step_limit: int
    token_budget: int


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One run's collaborators. `toolset` already asks for approval and keeps the journal."""

    model: Model
    toolset: Toolset
    tools: Sequence[Tool]
    journal: Journal
    approver: Approver


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
    _check_limits(brief, state)
    start = monotonic()
    reply = await agent.model.reply(state.messages, declarations(agent.tools))
    await agent.journal.append(read_reply(reply, agent.tools, state.answers + 1, monotonic() - start))
    if not reply.calls:
        await agent.journal.append(Corrected(text=_NO_CALL))


_NO_CALL = "Your answer called no tool. Call a tool to go on, or call `conclude` with your findings to end the work."


def _check_limits(brief: Brief, state: Conversation) -> None:
    used = state.usage.input_tokens + state.usage.output_tokens
    if state.corrections >= CORRECTIONS:
        raise ModelMisbehaved(f"The model's answers were unusable {state.corrections} times in a row; try another model.")
    if state.answers >= brief.step_limit:
        raise LimitReached(f"The run used up its {brief.step_limit} steps; raise the Task's step_limit if it needs more.")
    if used >= brief.token_budget:
        raise LimitReached(f"The run used {used} of {brief.token_budget} tokens; raise the Task's token_budget if it needs more.")


def declarations(tools: Sequence[Tool]) -> list[ToolDeclaration]:
    """All tools as the model sees them, the loop's own last."""
    offered = [ToolDeclaration(name=tool.wire_name, description=tool.description, parameters=tool.parameters) for tool in tools]
    return [*offered, *OWN_DECLARATIONS]


async def _perform(agent: Agent, asked: ModelCall) -> None:
    if asked.call is None:
        nowhere = ToolCall(id=asked.id, server="", tool=asked.wire_name, arguments={})
        await agent.journal.append(_refused(nowhere, asked.problem))
    elif asked.call.server != OWN_SERVER:
        await agent.toolset.call(asked.call)
    elif asked.call.tool == CONCLUDE:
        await _conclude(agent, asked.call)
    else:
        await _ask(agent, asked.call)


async def _conclude(agent: Agent, call: ToolCall) -> None:
    conclusion, problem = as_conclusion(call)
    if conclusion is None:
        await agent.journal.append(_refused(call.model_copy(update={"server": ""}), problem))
    else:
        await agent.journal.append(Concluded(conclusion=conclusion, call_id=call.id))


async def _ask(agent: Agent, call: ToolCall) -> None:
    wish, problem = QuestionToPerson.read(call)
    if wish is None:
        await agent.journal.append(_refused(call.model_copy(update={"server": ""}), problem))
        return
    answer = await ask_person(
        journal=agent.journal,
        approver=agent.approver,
        asked=Asked(key=f"ask-{call.id}", title=wish.title, call_id=call.id),
        question=wish.question(),
    )
    text = _spoken(answer)
    await agent.journal.append(Returned(call=call, outcome=Outcome.DONE, text=text, size=len(text)))
    if answer.decision is Decision.STOP:
        raise Stopped(f"{answer.by} stopped the run: {answer.text or 'no reason given'}")


def _spoken(answer: Answer) -> str:
    parts = [f"The person's decision: {answer.decision.value}.", answer.choice, *answer.answers, answer.text]
    return "\n".join(part for part in parts if part)


def _refused(call: ToolCall, problem: str) -> Returned:
    return Returned(call=call, outcome=Outcome.NOT_DONE, is_error=True, text=problem, size=len(problem))

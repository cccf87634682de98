"""Reads a person's message about a Mission: changes of the plan, runs, questions; or what has to be asked back (R3.5)."""

from collections.abc import Sequence
from datetime import datetime

from agent.model.model import Message, Model
from agent.planner.attempts import attempt
from agent.planner.material import material, messages
from agent.tools.toolset import Tool
from blueprint.errors import ModelMisbehaved
from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.records import ConversationTurn
from blueprint.remarks import Understood


async def understand(
    model: Model,
    *,
    message: str,
    plan: Blueprint,
    turns: Sequence[ConversationTurn],
    tools: Sequence[Tool],
    channels: Sequence[str],
    now: datetime,
    mission_zone: str,
) -> Understood:
    """What the message wants. A Task that the plan does not have is told to the model, and in the end asked about.

    ModelUnavailable, or ModelMisbehaved when the answers stay unusable over all repairs.
    """
    told = {
        **material(goal=plan.goal, turns=turns, tools=tools, now=now, mission_zone=mission_zone),
        "previous": plan.model_dump(mode="json"),
        "channels": sorted(channels),
        "message": message,
    }

    def write(_: Understood | None, problems: Sequence[str]) -> list[Message]:
        return messages("understand.md.j2", {**told, "problems": list(problems)} if problems else told)

    found = await attempt(model, Understood, write=write, check=lambda understood: _unknown_tasks(understood, plan))
    if found.value is None:
        raise ModelMisbehaved(
            f"The model {model.label!r} gave {found.attempts} unusable answers about your message; say it in other words."
            f" The last problems: {' '.join(found.problems)}"
        )
    return _asked_back(found.value, found.problems)


def _unknown_tasks(understood: Understood, plan: Blueprint) -> list[Problem]:
    known = ", ".join(task.name for task in plan.tasks)
    return [
        Problem(check="runs", where="runs", text=f"{name!r} is no Task of the plan; it has: {known}.")
        for name in understood.runs
        if plan.task(name) is None
    ]


def _asked_back(understood: Understood, problems: Sequence[str]) -> Understood:
    """With a question nothing else counts; what stayed wrong, and what says nothing, becomes a question."""
    if problems:
        return Understood(question=f"I can't do that: {' '.join(problems)} What do you mean?")
    if understood.is_empty:
        return Understood(question="I did not understand what is to be done. Say it in other words.")
    return Understood(question=understood.question) if understood.question.strip() else understood

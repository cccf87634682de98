"""Finds out whether a goal is complete, and what to ask the person if it is not (R2.1)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from agent.model.model import Message, Model
from agent.planner.attempts import attempt
from agent.planner.material import material, messages
from agent.tools.toolset import Tool
from blueprint.errors import ModelMisbehaved
from blueprint.problems import Problem
from blueprint.records import ConversationTurn
from blueprint.stream import Usage
from blueprint.values import TimeZone, Value


class Alignment(Value):
    """What the model understood, and what it still has to know; no questions means that the goal is complete."""

    understanding: str = Field(min_length=1, max_length=4_000, description="What will be done, when, and what is assumed.")
    questions: tuple[str, ...] = Field(default=(), max_length=6, description="What is missing, one short question each.")
    timezone: TimeZone = Field(default="", description="IANA zone that the person named; empty for the Mission's.")


async def align(
    model: Model,
    *,
    goal: str,
    turns: Sequence[ConversationTurn],
    tools: Sequence[Tool],
    now: datetime,
    mission_zone: str,
) -> tuple[Alignment, Usage]:
    """One round of alignment over the goal and what was said since. The zone is the Mission's if none was named.

    ModelUnavailable, or ModelMisbehaved when the answers stay unusable over all repairs.
    """
    told = material(goal=goal, turns=turns, tools=tools, now=now, mission_zone=mission_zone)

    def write(_: Alignment | None, problems: Sequence[str]) -> list[Message]:
        return messages("align.md.j2", {**told, "problems": list(problems)} if problems else told)

    found = await attempt(model, Alignment, write=write, check=_no_problems)
    if found.value is None:
        raise ModelMisbehaved(
            f"The model {model.label!r} gave {found.attempts} unusable answers about the goal; try another model."
            f" The last problems: {' '.join(found.problems)}"
        )
    return found.value.model_copy(update={"timezone": found.value.timezone or mission_zone}), found.usage


def _no_problems(_: Alignment) -> Sequence[Problem]:
    return ()

"""Has the model write a Blueprint and checks it, so that nothing unchecked is ever shown as launchable (R2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.model import Message, Model
from agent.planner.attempts import attempt
from agent.planner.material import material, messages
from agent.tools.toolset import Tool
from blueprint.plan import Blueprint, Task
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.problems import Problem
from blueprint.records import ConversationTurn
from blueprint.stream import Usage
from blueprint.triggers import Cron
from blueprint.validation import Surroundings, find_problems

_STRICT = (Rule.ASK, Rule.FORBID)


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """The plan, if any answer could be read as one, and what is still wrong; launchable only without problems."""

    plan: Blueprint | None
    problems: tuple[str, ...]
    usage: Usage
    attempts: int


async def draft(
    model: Model,
    *,
    goal: str,
    turns: Sequence[ConversationTurn],
    tools: Sequence[Tool],
    around: Surroundings,
    mission_zone: str,
    previous: Blueprint | None = None,
    wish: str = "",
) -> Drafted:
    """A plan for the goal, or `previous` changed as `wish` says; each problem goes back to the model up to 3 times.

    ModelUnavailable passes through.
    """
    told = {
        **material(goal=goal, turns=turns, tools=tools, now=around.now, mission_zone=mission_zone),
        "channels": sorted(around.channels),
        **({"previous": previous.model_dump(mode="json"), "wish": wish} if previous else {}),
    }

    def write(last: Blueprint | None, problems: Sequence[str]) -> list[Message]:
        last_try = {"last_try": last.model_dump(mode="json")} if last else {}
        return messages("draft.md.j2", {**told, **last_try, "problems": list(problems)} if problems else told)

    def check(plan: Blueprint) -> Sequence[Problem]:
        return [*find_problems(plan, around), *_loosened(plan, previous)]

    found = await attempt(model, Blueprint, write=write, check=check)
    plan = in_zone(_without_loosened(found.value, previous), mission_zone) if found.value else None
    return Drafted(plan=plan, problems=found.problems, usage=found.usage, attempts=found.attempts)


def in_zone(plan: Blueprint, mission_zone: str) -> Blueprint:
    """`plan` with every zone that it leaves out written down: the Task's, else the plan's, else the Mission's (R2.3)."""
    name = plan.timezone or mission_zone or "UTC"
    return plan.model_copy(update={"timezone": name, "tasks": tuple(_task_in_zone(task, name) for task in plan.tasks)})


def _task_in_zone(task: Task, name: str) -> Task:
    if not isinstance(task.trigger, Cron) or task.trigger.timezone:
        return task
    return task.model_copy(update={"trigger": task.trigger.model_copy(update={"timezone": name})})


def _loosens(rule: ToolRule, previous: Blueprint | None) -> bool:
    """Whether the model allows something by itself (R5.2). A rule of the earlier plan stands: no draft leaves here with one."""
    return rule.rule not in _STRICT and not (previous and rule in previous.risk_policy.rules)


def _loosened(plan: Blueprint, previous: Blueprint | None) -> list[Problem]:
    return [
        Problem(
            check="risk policy",
            where=f"risk_policy.rules.{index}",
            text=f"{rule.rule.value!r} for {rule.tool!r} allows calls that nobody was asked about; write 'ask' or 'forbid'.",
        )
        for index, rule in enumerate(plan.risk_policy.rules)
        if _loosens(rule, previous)
    ]


def _without_loosened(plan: Blueprint, previous: Blueprint | None) -> Blueprint:
    kept = tuple(rule for rule in plan.risk_policy.rules if not _loosens(rule, previous))
    return plan.model_copy(update={"risk_policy": RiskPolicy(rules=kept)})

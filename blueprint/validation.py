"""Finds what is wrong with a Blueprint before anyone is asked to confirm it (R2.3)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from blueprint.event_rules import event_problems
from blueprint.plan import Blueprint
from blueprint.problems import Problem
from blueprint.triggers import Cron, Event, Once


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan is checked against: the present moment and what is connected."""

    now: datetime
    tools: Collection[str]
    channels: Collection[str] = ()
    servers: Collection[str] = ()
    silent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tool servers that can't be asked, with the reason."""
    mute: Mapping[str, str] = field(default_factory=dict[str, str])
    """Channels that take no test message, with the reason."""
    is_in_force: bool = False
    """The plan was confirmed already: its single times were to come then, and may have passed since."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The result of one check: what it looked at, and what is wrong with it."""

    name: str
    found: str
    problems: tuple[Problem, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def find_problems(plan: Blueprint, around: Surroundings) -> list[Problem]:
    """Every problem of a plan whose schema is already right, in a fixed order; empty when it can be launched."""
    return problems_of(check_plan(plan, around))


def problems_of(checks: Iterable[Verified]) -> list[Problem]:
    """Everything that is wrong, in the order of the checks; empty when the plan can be launched."""
    return [problem for check in checks for problem in check.problems]


def check_plan(plan: Blueprint, around: Surroundings) -> tuple[Verified, ...]:
    """Each check of R2.3 by name with its result. Schema, cron and zones can't be wrong in a plan that could be read."""
    crons = [task.trigger for task in plan.tasks if isinstance(task.trigger, Cron)]
    zones = sorted({plan.timezone, *(cron.timezone for cron in crons)} - {""})
    return (
        Verified(name="schema", found=f"format {plan.format}, {_counted(len(plan.tasks), 'Task')}"),
        _verified("names", _counted(len({task.name for task in plan.tasks}), "name"), _names(plan)),
        _verified("dependencies", _counted(sum(len(task.after) for task in plan.tasks), "dependency"), _dependencies(plan)),
        Verified(name="cron", found=f"{_counted(len(crons), 'expression')}, fires at least 5 minutes apart" if crons else "none"),
        Verified(name="time zones", found=", ".join(zones) or "the Mission's"),
        _verified("times", _counted(_kinds(plan, Once), "time"), _moments(plan, around)),
        _verified("events", _counted(_kinds(plan, Event), "rule"), event_problems(plan)),
        _verified("tools", f"{len(around.tools)} offered", _tools(plan, around)),
        _verified("servers", ", ".join(sorted(around.servers)) or "none", _servers(around)),
        _verified("channels", ", ".join(plan.notify) or "none", _channels(plan, around)),
    )


def _verified(name: str, found: str, problems: Sequence[Problem]) -> Verified:
    return Verified(name=name, found=found, problems=tuple(problems))


def _kinds(plan: Blueprint, kind: type[Once] | type[Event]) -> int:
    return sum(isinstance(task.trigger, kind) for task in plan.tasks)


def _counted(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return "none" if number == 0 else f"{number} {noun if number == 1 else plural}"


def _names(plan: Blueprint) -> list[Problem]:
    names = [task.name for task in plan.tasks]
    return [
        Problem(check="names", where=f"tasks.{index}.name", text=f"{name!r} is used twice; give each Task a name of its own.")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _dependencies(plan: Blueprint) -> list[Problem]:
    names = {task.name for task in plan.tasks}
    unknown = [
        Problem(
            check="dependencies",
            where=f"tasks.{task.name}.after",
            text=f"{other!r} is no Task of this plan; available: {', '.join(sorted(names))}.",
        )
        for task in plan.tasks
        for other in task.after
        if other not in names
    ]
    return unknown or _cycles(plan)


def _cycles(plan: Blueprint) -> list[Problem]:
    waiting = {task.name: set(task.after) for task in plan.tasks}
    while free := [name for name, after in waiting.items() if not after & waiting.keys()]:
        for name in free:
            del waiting[name]
    if not waiting:
        return []
    circle = ", ".join(sorted(waiting))
    return [Problem(check="dependencies", where="tasks", text=f"{circle} wait for each other in a circle; drop one 'after'.")]


def _moments(plan: Blueprint, around: Surroundings) -> list[Problem]:
    return [
        Problem(
            check="times",
            where=f"tasks.{task.name}.trigger.at",
            text=f"{task.trigger.at.isoformat()} has passed; name a time in the future.",
        )
        for task in plan.tasks
        if isinstance(task.trigger, Once) and task.trigger.at <= around.now and not around.is_in_force
    ]


def _tools(plan: Blueprint, around: Surroundings) -> list[Problem]:
    available = ", ".join(sorted(around.tools)) or "none"
    return [
        Problem(
            check="tools",
            where=f"tasks.{task.name}.tools",
            text=f"uses tool {pattern!r}, which no MCP server offers; available: {available}.",
        )
        for task in plan.tasks
        for pattern in task.tools
        if not any(fnmatchcase(tool, pattern) for tool in around.tools)
    ]


def _servers(around: Surroundings) -> list[Problem]:
    return [
        Problem(check="servers", where=f"server {name}", text=f"{reason} Mend it, or take the server from the employee.")
        for name, reason in around.silent.items()
    ]


def _channels(plan: Blueprint, around: Surroundings) -> list[Problem]:
    available = ", ".join(sorted(around.channels)) or "none"
    unknown = [
        Problem(check="channels", where="notify", text=f"{name!r} is no notification channel; available: {available}.")
        for name in plan.notify
        if name not in around.channels
    ]
    mute = [
        Problem(check="channels", where=f"notify {name}", text=f"It takes no test message: {around.mute[name]} Mend or drop it.")
        for name in plan.notify
        if name in around.mute
    ]
    return unknown + mute

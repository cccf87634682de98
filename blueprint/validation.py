"""Finds what is wrong with a Blueprint before anyone is asked to confirm it (R2.3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from pydantic import ValidationError

from blueprint.plan import Blueprint
from blueprint.triggers import Once


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: which check found it, where, and a sentence with what to do."""

    check: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan is checked against: the present moment and what is connected."""

    now: datetime
    tools: Collection[str]
    channels: Collection[str] = ()


def find_problems(plan: Blueprint, around: Surroundings) -> list[Problem]:
    """Every problem of a plan whose schema is already right, in a fixed order; empty when it can be launched."""
    return [*_names(plan), *_dependencies(plan), *_moments(plan, around), *_tools(plan, around), *_channels(plan, around)]


def explain(error: ValidationError) -> list[Problem]:
    """A schema error as problems with field path, value and reason."""
    details = error.errors(include_url=False, include_context=False)
    return [
        Problem(
            check="schema",
            where=".".join(str(part) for part in detail["loc"]) or "blueprint",
            text=f"{detail['msg']}; got {_short(detail['input'])}.",
        )
        for detail in details
        if not _is_echo(detail["type"], detail["loc"], [other["loc"] for other in details])
    ]


def _is_echo(kind: str, where: tuple[int | str, ...], all_places: Sequence[tuple[int | str, ...]]) -> bool:
    """Pydantic calls a list too short as well when one of its entries is wrong; the entry is what matters."""
    return kind == "too_short" and any(place[: len(where)] == where and place != where for place in all_places)


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
        if isinstance(task.trigger, Once) and task.trigger.at <= around.now
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


def _channels(plan: Blueprint, around: Surroundings) -> list[Problem]:
    available = ", ".join(sorted(around.channels)) or "none"
    return [
        Problem(check="channels", where="notify", text=f"{name!r} is no notification channel; available: {available}.")
        for name in plan.notify
        if name not in around.channels
    ]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."

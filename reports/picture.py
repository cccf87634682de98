"""Draws a plan's dependencies as a Mermaid graph, which Prefect's console shows as a picture (R2.4)."""

import re

from blueprint.plan import Blueprint, Task
from blueprint.triggers import Manual
from reports.schedule import in_words

_UNSAFE = re.compile(r"[^\w .,:/*@+-]")
"""Whatever could end a label, begin markup, or be an entity of Mermaid; names of Tasks have none of it, events may."""
_LONGEST = 60


def dependency_picture(plan: Blueprint, zone: str) -> str:
    """What starts what, from left to right: triggers round, Tasks as boxes; empty when no Task waits for another."""
    if not any(task.after for task in plan.tasks):
        return ""
    joined = {name for task in plan.tasks if task.after for name in (task.name, *task.after)}
    tasks = [task for task in plan.tasks if task.name in joined]
    nodes = [f'  {_node(task.name)}["{task.name}"]' for task in tasks]
    starts = [line for task in tasks if not _only_follows(task) for line in _start(task, zone)]
    arrows = [f"  {_node(other)} --> {_node(task.name)}" for task in tasks for other in task.after]
    return "\n".join(["graph LR", *nodes, *starts, *arrows])


def _only_follows(task: Task) -> bool:
    return bool(task.after) and isinstance(task.trigger, Manual)


def _start(task: Task, zone: str) -> list[str]:
    start = f"s_{_node(task.name)}"
    return [f'  {start}(["{_label(in_words(task.trigger, zone))}"])', f"  {start} -.-> {_node(task.name)}"]


def _label(text: str) -> str:
    """Plain words: quotes, brackets, signs of markup and whatever else Mermaid reads are blanks."""
    plain = " ".join(_UNSAFE.sub(" ", text).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1].rstrip() + "…"


def _node(name: str) -> str:
    """An id that no word of Mermaid's is, and that two names never share."""
    return f"t_{name.replace('-', '_')}"

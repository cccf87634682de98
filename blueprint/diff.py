"""Says how one Blueprint differs from another: Tasks added and removed, and every field that changed (R2.4)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from blueprint.plan import Blueprint, Task


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field with another value; `task` is empty for the whole plan, None is a value that is not there."""

    task: str
    field: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, kw_only=True)
class PlanDiff:
    """What a plan brings against an earlier one, in the order of the plan; falsy when nothing does."""

    added: tuple[Task, ...]
    removed: tuple[Task, ...]
    changes: tuple[FieldChange, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changes)


def diff(before: Blueprint, after: Blueprint) -> PlanDiff:
    """How `after` differs from `before`; equal digests, and only those, give nothing. A Task is known by its name."""
    known, now = {task.name: task for task in before.tasks}, {task.name: task for task in after.tasks}
    kept = [task for task in after.tasks if task.name in known]
    changes = [
        *_changes("", _of_plan(before), _of_plan(after)),
        *_order([task.name for task in before.tasks if task.name in now], [task.name for task in kept]),
        *(change for task in kept for change in _changes(task.name, _of_task(known[task.name]), _of_task(task))),
    ]
    return PlanDiff(
        added=tuple(task for task in after.tasks if task.name not in known),
        removed=tuple(task for task in before.tasks if task.name not in now),
        changes=tuple(changes),
    )


def _of_plan(plan: Blueprint) -> dict[str, JsonValue]:
    return plan.model_dump(mode="json", exclude={"tasks"})


def _of_task(task: Task) -> dict[str, JsonValue]:
    return task.model_dump(mode="json", exclude={"name"})


def _order(before: list[str], after: list[str]) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(task="", field="order of Tasks", before=[*before], after=[*after])


def _changes(task: str, before: dict[str, JsonValue], after: dict[str, JsonValue], inside: str = "") -> Iterator[FieldChange]:
    """Field by field, into objects; a list is one value, and so is a trigger that became another kind."""
    for name in dict.fromkeys([*before, *after]):
        old, new, path = before.get(name), after.get(name), f"{inside}{name}"
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("kind") == new.get("kind"):
            yield from _changes(task, old, new, f"{path}.")
        else:
            yield FieldChange(task=task, field=path, before=old, after=new)

"""Says in a table how a plan differs from an earlier one (R2.4)."""

from typing import cast

from pydantic import JsonValue, TypeAdapter

from blueprint.diff import FieldChange, PlanDiff
from blueprint.plan import Blueprint, Task
from blueprint.triggers import Trigger
from reports.rendering import render
from reports.schedule import cron_in_words, in_words, started

_TRIGGER: TypeAdapter[Trigger] = TypeAdapter(Trigger)
_AROUND = 60
"""Characters of unchanged text that are shown beside what changed in it."""


def changes_page(found: PlanDiff, *, version: int, earlier: int, zone: str) -> str:
    """The difference as a page of its own."""
    return render("changes_page.md.j2", rows=change_rows(found, zone), version=version, earlier=earlier)


def wish_page(found: PlanDiff, *, version: int, earlier: int, zone: str, plan: Blueprint) -> str:
    """What people confirm when they have a plan changed: the difference, and how the plan says that it is gone about."""
    rows = change_rows(found, zone)
    return render("wish_page.md.j2", rows=rows, version=version, earlier=earlier, title=plan.title, approach=plan.approach)


def change_rows(found: PlanDiff, zone: str) -> list[dict[str, str]]:
    """A row for each Task that came or went and each field that changed: `task` (empty: the plan), `what`, `before`, `after`."""
    return [
        *(_row("", change, zone) for change in found.changes if not change.task),
        *({"task": task.name, "what": "new Task", "before": "", "after": _gist(task, zone)} for task in found.added),
        *({"task": task.name, "what": "gone", "before": _gist(task, zone), "after": ""} for task in found.removed),
        *(_row(change.task, change, zone) for change in found.changes if change.task),
    ]


def _gist(task: Task, zone: str) -> str:
    return f"{task.title}: {started(task, zone)}. {task.instructions}"


def _row(task: str, change: FieldChange, zone: str) -> dict[str, str]:
    before, after = _told(change, zone)
    return {"task": task, "what": change.field.replace("_", " ").replace(".", ", "), "before": before, "after": after}


def _told(change: FieldChange, zone: str) -> tuple[str, str]:
    """Before and after in words: of lists what came and went, of long texts the place that changed."""
    before, after = change.before, change.after
    if change.field == "trigger":
        return _start(before, zone), _start(after, zone)
    if change.field == "trigger.cron" and isinstance(before, str) and isinstance(after, str):
        return cron_in_words(before), cron_in_words(after)
    if isinstance(before, list) and isinstance(after, list):
        gone, new = [item for item in before if item not in after], [item for item in after if item not in before]
        return (_list(gone), _list(new)) if gone or new else (_list(before), _list(after))
    if isinstance(before, str) and isinstance(after, str):
        return changed_part(before, after)
    return _text(before), _text(after)


def _start(trigger: JsonValue, zone: str) -> str:
    return in_words(_TRIGGER.validate_python(trigger), zone)


def changed_part(before: str, after: str) -> tuple[str, str]:
    """Both texts cut down to what differs, with a little of what stands around it."""
    start = next((index for index, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), None)
    first = min(len(before), len(after)) if start is None else start
    longest = min(len(before), len(after)) - first
    same = next((n for n in range(longest) if before[-1 - n] != after[-1 - n]), longest)
    return _around(before, first, len(before) - same), _around(after, first, len(after) - same)


def _around(text: str, start: int, end: int) -> str:
    left, right = max(start - _AROUND, 0), min(end + _AROUND, len(text))
    return f"{'… ' if left else ''}{text[left:right]}{' …' if right < len(text) else ''}"


def _list(values: list[JsonValue]) -> str:
    return ", ".join(_text(value) for value in values)


def _text(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case dict():
            return " ".join(f"{name} {_text(item)}" for name, item in value.items() if item not in ("", [], None))
        case list():
            return _list(cast("list[JsonValue]", value))
        case _:
            return str(value)

"""Makes a process snapshot: what a run knows, plans and has done at one moment, from its journal alone (R6.3)."""

from collections.abc import Sequence
from dataclasses import asdict

from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.records import JournalEntry, RunRecord
from blueprint.requests import Request
from blueprint.stream import Answered, Asked, ModelCall, Noted, Reasoned, Returned
from reports.figures import returned_calls
from reports.ledger import effects
from reports.rendering import render
from reports.times import moment

_MOST_RESULTS = 20
"""So many results are shown, the newest; the session has them all."""


def snapshot_title(occasion: str, entries: Sequence[JournalEntry]) -> str:
    """What a snapshot is called: the same for the same moment, however often it is made."""
    return f"Snapshot at step {len(entries)}: {occasion}"


def process_snapshot(
    *,
    mission: Mission,
    task: Task,
    record: RunRecord,
    entries: Sequence[JournalEntry],
    requests: Sequence[Request],
    occasion: str,
) -> str:
    """The snapshot as Markdown. `occasion` says why it is made: 'before host.restart', 'asked: which disk?'."""
    zone = mission.timezone
    results = _results(entries)
    return render(
        "snapshot.md.j2",
        title=task.title,
        mission=mission.title,
        run_id=record.id,
        occasion=occasion,
        step=len(entries),
        at=moment(entries[-1].at if entries else record.started_at, zone),
        instructions=task.instructions,
        results=[_result(entry) for entry in results[-_MOST_RESULTS:]],
        left_out=max(0, len(results) - _MOST_RESULTS),
        notes=[entry.event.note.model_dump(mode="json") for entry in entries if isinstance(entry.event, Noted)],
        answers=[entry.event.model_dump(mode="json") for entry in entries if isinstance(entry.event, Answered)],
        thought=_last_thought(entries),
        pending=[_named(call) for call in _pending(entries)],
        calls=len(returned_calls(entries)),
        open_questions=_open_questions(entries),
        ledger=[asdict(effect) for effect in effects(entries, requests, zone)],
    )


def _results(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """What tools said that just read."""
    real = {id(event) for event in returned_calls(entries)}
    return [
        entry for entry in entries if isinstance(entry.event, Returned) and id(entry.event) in real and not entry.event.changes
    ]


def _result(entry: JournalEntry) -> dict[str, object]:
    assert isinstance(entry.event, Returned)
    return {"step": entry.sequence, **entry.event.model_dump(mode="json", include={"call", "text", "is_error"})}


def _reasoned(entries: Sequence[JournalEntry]) -> Reasoned | None:
    return next((entry.event for entry in reversed(entries) if isinstance(entry.event, Reasoned)), None)


def _last_thought(entries: Sequence[JournalEntry]) -> str:
    last = _reasoned(entries)
    return (last.text or last.reasoning) if last else ""


def _pending(entries: Sequence[JournalEntry]) -> list[ModelCall]:
    """Calls that the model has asked for and that have not come back."""
    last = _reasoned(entries)
    back = {entry.event.call.id for entry in entries if isinstance(entry.event, Returned)}
    noted = {entry.event.call_id for entry in entries if isinstance(entry.event, Noted)}
    return [call for call in last.calls if call.id not in back | noted] if last else []


def _named(call: ModelCall) -> dict[str, object]:
    return {"name": call.call.name if call.call else call.wire_name, "arguments": call.call.arguments if call.call else {}}


def _open_questions(entries: Sequence[JournalEntry]) -> list[str]:
    answered = {entry.event.key for entry in entries if isinstance(entry.event, Answered)}
    return [entry.event.title for entry in entries if isinstance(entry.event, Asked) and entry.event.key not in answered]

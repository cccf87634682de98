"""Shows a run's steps: one page each, all of them as the session, one line each for a terminal (R4.2, R4.3)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.policy import Rule
from blueprint.records import JournalEntry, RunRecord
from blueprint.stream import (
    Answered,
    Asked,
    Briefed,
    Concluded,
    Condensed,
    Corrected,
    Ended,
    Intended,
    LookedAgain,
    Noted,
    Outcome,
    Raised,
    Reasoned,
    Returned,
    StreamEvent,
    Warned,
    Wasted,
)
from reports.rendering import render
from reports.text import one_line
from reports.times import duration, moment

_FOLD_ABOVE = 600
"""In a session, texts that are longer (in characters) are folded away."""


def step_title(event: StreamEvent) -> str:
    """What a step is called: `reason`, `host.disk_usage`, `ask: restart nginx?`; plain text of at most 120 characters."""
    match event:
        case Briefed():
            return "brief"
        case Reasoned():
            return "reason"
        case Wasted():
            return "no answer"
        case Corrected():
            return "correct"
        case Warned():
            return f"warn: {event.about}"
        case Raised():
            return f"raise: {event.measure}"
        case Noted():
            return f"note: {event.note.kind}"
        case Condensed():
            return "condense"
        case Asked():
            return one_line(f"ask: {event.title}", 120)
        case Answered():
            return one_line(f"answer: {event.title}", 120)
        case LookedAgain():
            return "look again"
        case Intended() if is_leave_ahead(event):
            return one_line(f"leave: {event.call.name}", 120)
        case Intended(rule=Rule.CAUTIOUS):
            return one_line(f"announce: {event.call.name}", 120)
        case Intended() | Returned():
            return one_line(event.call.name.lstrip("."), 120)
        case Concluded():
            return "conclude"
        case Ended():
            return "end"
        case _:
            assert_never(event)


def is_leave_ahead(intended: Intended) -> bool:
    """Whether the call goes through by leave that was given before it was known: a step of its own says by which."""
    return bool(intended.run_approval or intended.standing_rule)


def step_page(event: StreamEvent, sequence: int, at: datetime, *, links: Mapping[str, str] | None = None) -> str:
    """One step as Markdown: what was thought, called and answered, in full; `links` open what is kept in files, by place."""
    return render("step.md.j2", step=_step(event, sequence, moment(at, "UTC")) | {"links": links or {}}, fold_above=None)


def session_page(mission: Mission, task: Task, record: RunRecord, entries: Sequence[JournalEntry]) -> str:
    """The whole conversation of a run in order as Markdown, long texts folded away (R4.3).

    Numbers that are missing are calls that simply started; their results have numbers of their own.
    """
    said = [entry for entry in entries if _is_worth_a_word(entry.event)]
    return render(
        "session.md.j2",
        title=task.title,
        mission=mission.title,
        run={"id": record.id, "state": record.state.value, "is_waiting": record.is_waiting, "reason": record.reason},
        steps=[_step(entry.event, entry.sequence, moment(entry.at, mission.timezone)) for entry in said],
        fold_above=_FOLD_ABOVE,
    )


def _is_worth_a_word(event: StreamEvent) -> bool:
    """Not the start of a call that simply runs: its result follows and says all of it."""
    return not isinstance(event, Intended) or event.rule is not Rule.AUTO or event.attempt > 1


def _step(event: StreamEvent, sequence: int, at: str) -> dict[str, object]:
    shown = event.model_dump(mode="json")
    if isinstance(event, Returned) and event.structured is not None:
        shown["text"] = _pretty(event.text)
    return {"number": sequence, "title": step_title(event), "at": at, "event": shown, "language": _language(event), "links": {}}


def _pretty(text: str) -> str:
    """JSON on several lines; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _language(event: StreamEvent) -> str:
    return "json" if isinstance(event, Returned) and event.structured is not None else ""


def stream_line(entry: JournalEntry, timezone: str = "UTC") -> str:
    """One step as one line of plain text, safe for a terminal: `02:00:05  #7  host.disk_usage: done in 0.3 s`."""
    at = moment(entry.at, timezone).split()[1]
    return f"{at}  #{entry.sequence:<3} {one_line(_told(entry.event), 400)}"


def _told(event: StreamEvent) -> str:
    match event:
        case Briefed():
            return f"brief: {event.model} gets the task{' and what started it' if event.given else ''}"
        case Reasoned():
            return f"reason: {_thought(event)}"
        case Wasted():
            used = event.usage.input_tokens + event.usage.output_tokens
            return f"no answer: {used:,} tokens went into requests that gave nothing usable"
        case Corrected():
            return f"correct: {event.text}"
        case Warned() | Raised():
            return f"{step_title(event)}: {event.text}"
        case Noted():
            return f"{step_title(event)}: {event.note.text}"
        case Condensed():
            return f"condense: {event.answers} answers; {event.tokens_before:,} tokens become {event.tokens_after:,}"
        case Intended():
            return f"{step_title(event)}: {_leave(event)}"
        case Returned():
            return f"{step_title(event)}: {_ending(event)} in {duration(event.seconds)}{_error_text(event)}"
        case Asked():
            return f"{step_title(event)} (waiting for a person)"
        case Answered():
            said = " ".join(part for part in (event.answer.choice, *event.answer.answers, event.answer.text) if part)
            return f"{step_title(event)} {event.answer.decision} by {event.answer.by}{': ' if said else ''}{said}"
        case LookedAgain():
            return f"look again: {' '.join(event.moved) or 'nothing has moved'}"
        case Concluded():
            return f"conclude: {event.conclusion.summary}"
        case Ended():
            return f"end: {event.state}{'. ' if event.reason else ''}{event.reason}"
        case _:
            assert_never(event)


def _thought(event: Reasoned) -> str:
    calls = ", ".join(call.call.name if call.call else call.wire_name for call in event.calls)
    words = event.text or event.reasoning
    if not calls:
        return words or "no words and no call"
    return f"{one_line(words, 200)} → {calls}" if words else f"→ {calls}"


def _leave(event: Intended) -> str:
    """By whose leave a call starts."""
    match event:
        case Intended(approval=key) if key:
            return f"starts, approved in {key!r}"
        case Intended(run_approval=key) if key:
            return f"starts, approved for this run in {key!r}"
        case Intended(standing_rule=rule) if rule:
            return f"starts, let through by standing rule {rule}"
        case _:
            return f"starts, {event.rule}: {event.reason}"


def _ending(event: Returned) -> str:
    if event.outcome is not Outcome.DONE:
        return event.outcome.value
    return "error" if event.is_error else f"done, {event.size:,} characters"


def _error_text(event: Returned) -> str:
    return f": {one_line(event.text, 200)}" if event.is_error else ""

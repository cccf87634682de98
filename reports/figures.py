"""The figures of a run, counted from its records and never taken from the model (R6.1)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from blueprint.records import JournalEntry, RunRecord
from blueprint.requests import Request
from blueprint.spending import spent
from blueprint.stream import Asked, Intended, Outcome, Reasoned, Returned, Usage

_NOT_A_SERVER = ("", "missions")
"""What the model named that is no tool, and the loop's own tools."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Times are in seconds; `lasted` is from start to end, `waited` for people, `worked` what processes spent on it."""

    scheduled_for: datetime
    started_at: datetime
    ended_at: datetime
    lasted: float
    worked: float
    waited: float
    executions: int
    answers: int
    calls: int
    failed_calls: int
    repeated_calls: int
    questions: int
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class CallCount:
    """How often one tool was called in a run, and how many of these calls failed or were not made."""

    name: str
    calls: int
    failed: int


def figures(record: RunRecord, entries: Sequence[JournalEntry], requests: Sequence[Request]) -> Figures:
    """Count one run. A run that has no end yet is counted up to its last entry."""
    events = [entry.event for entry in entries]
    ended_at = record.ended_at or (entries[-1].at if entries else record.started_at)
    calls = returned_calls(entries)
    return Figures(
        scheduled_for=record.scheduled_for,
        started_at=record.started_at,
        ended_at=ended_at,
        lasted=(ended_at - record.started_at).total_seconds(),
        worked=record.running_seconds,
        waited=sum(_waited(request, ended_at) for request in requests),
        executions=record.executions,
        answers=sum(isinstance(event, Reasoned) for event in events),
        calls=len(calls),
        failed_calls=sum(_failed(call) for call in calls),
        repeated_calls=sum(isinstance(event, Intended) and event.attempt > 1 for event in events),
        questions=len({event.key for event in events if isinstance(event, Asked)}),
        usage=spent(events),
    )


def returned_calls(entries: Sequence[JournalEntry]) -> list[Returned]:
    """The calls of tool servers that came back or were refused, in order."""
    events = [entry.event for entry in entries]
    return [event for event in events if isinstance(event, Returned) and event.call.server not in _NOT_A_SERVER]


def call_counts(entries: Sequence[JournalEntry]) -> tuple[CallCount, ...]:
    """How often each tool was called, most often first."""
    calls = returned_calls(entries)
    failed = Counter(call.call.name for call in calls if _failed(call))
    counted = Counter(call.call.name for call in calls).most_common()
    return tuple(CallCount(name=name, calls=number, failed=failed[name]) for name, number in counted)


def _failed(call: Returned) -> bool:
    return call.is_error or call.outcome is not Outcome.DONE


def _waited(request: Request, ended_at: datetime) -> float:
    until = request.answer.at if request.answer else min(request.deadline, ended_at)
    return max(0, (until - request.asked_at).total_seconds())

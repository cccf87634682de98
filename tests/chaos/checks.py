"""What a trial has to show: for each guarantee, how much was looked at, and each place where it was broken. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from blueprint.records import RunState
from blueprint.requests import ApprovalQuestion, RequestState
from blueprint.stream import Answered, Asked, Intended, Outcome, Returned
from reports.ledger import Effect, effects
from tests.chaos.evidence import RunSeen, Seen
from tests.chaos.word import Given, Word

Event = TypeVar("Event")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One place where a guarantee did not hold."""

    run: str
    step: str
    what: str

    def __str__(self) -> str:
        return f"{self.run}, {self.step or 'as a whole'}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What is promised, what was looked at to see it, and where it was broken."""

    promise: str
    looked_at: str
    broken: Sequence[Broken]


def check(seen: Seen) -> list[Guarantee]:
    """All guarantees, as this trial shows them."""
    return [
        _effects(seen),
        _sent_once(seen),
        _answers(seen),
        _asked_once(seen),
        _spent_once(seen),
        _steps(seen),
        _ends(seen),
        _audited(seen),
        _left(seen),
    ]


def _effects(seen: Seen) -> Guarantee:
    ledgers = {run.run_id: effects(run.entries, run.requests, "UTC") for run in seen.runs}
    words = Counter(effect.outcome.value for ledger in ledgers.values() for effect in ledger)
    return Guarantee(
        promise="A call that changes something has its effect exactly once, or the ledger says `not done` or `unknown`",
        looked_at=f"{sum(words.values())} calls: {', '.join(f'{words[word.value]} {word.value}' for word in Outcome)}",
        broken=[wrong for run in seen.runs for wrong in _wrong_effects(run, ledgers[run.run_id], seen)],
    )


def _wrong_effects(run: RunSeen, ledger: Sequence[Effect], seen: Seen) -> Iterator[Broken]:
    for step in run.script.steps:
        outcomes = Counter(effect.outcome for effect in ledger if effect.arguments.get("text") == step.text)
        least, most = outcomes[Outcome.DONE], outcomes[Outcome.DONE] + outcomes[Outcome.UNKNOWN]
        if not least <= (found := seen.effects.get(step.text, 0)) <= most:
            said = ", ".join(f"{number} {outcome.value}" for outcome, number in outcomes.items()) or "nothing"
            yield Broken(run=run.run_id, step=step.text, what=f"{found} effects, and the ledger says {said}")
        if outcomes[Outcome.UNKNOWN] and Outcome.UNKNOWN.value not in run.report:
            yield Broken(run=run.run_id, step=step.text, what="the report does not say that its outcome is unknown")


def _sent_once(seen: Seen) -> Guarantee:
    broken = list[Broken]()
    for run in seen.runs:
        intended = Counter(event.call.id for event in _of(run, Intended) if not event.traits.is_repeatable)
        broken += [_broken(run, call, f"intended {times} times") for call, times in intended.items() if times > 1]
        for step in run.script.steps:
            made = {event.call.id for event in _of(run, Intended) if event.call.arguments.get("text") == step.text}
            if step.kind == "count" and seen.calls.get(step.text, 0) > len(made):
                broken.append(_broken(run, step.text, f"sent {seen.calls[step.text]} times for {len(made)} calls"))
    return Guarantee(
        promise="A call that may not be repeated reaches its tool server at most once",
        looked_at=f"{sum(seen.calls.values())} such calls that reached it",
        broken=broken,
    )


def _answers(seen: Seen) -> Guarantee:
    accepted = [given for given in seen.given if given.word is Word.ACCEPTED]
    doors = Counter(given.door for given in accepted)
    runs = {run.run_id: run for run in seen.runs}
    return Guarantee(
        promise="An answer that was accepted is the one that counts; none is lost",
        looked_at=f"{len(accepted)} answers: {', '.join(f'{number} by {door}' for door, number in sorted(doors.items()))}",
        broken=[
            _broken(runs[given.run_id], given.key, f"{given.door} took {given.decision} of {given.by}; {what}")
            for given in accepted
            if (what := _what_counts(runs[given.run_id], given, seen.given))
        ],
    )


def _what_counts(run: RunSeen, given: Given, all_given: Sequence[Given]) -> str:
    """What counts in place of the accepted answer; empty when it does. The form can't tell whether it was the first."""
    stored = next((request.answer for request in run.requests if request.key == given.key), None)
    if stored is None:
        return "no answer counts"
    rivals = [one.by for one in all_given if (one.run_id, one.key) == (given.run_id, given.key)]
    if given.door == "form" and stored.by in rivals:
        return ""
    return "" if (stored.by, stored.decision) == (given.by, given.decision) else f"{stored.decision} of {stored.by} counts"


def _asked_once(seen: Seen) -> Guarantee:
    broken = list[Broken]()
    for run in seen.runs:
        calls = Counter(request.question.call.id for request in run.requests if isinstance(request.question, ApprovalQuestion))
        broken += [_broken(run, call, f"{times} requests for its approval") for call, times in calls.items() if times > 1]
        for kind in (Asked, Answered):
            keys = Counter(event.key for event in _of(run, kind))
            broken += [_broken(run, key, f"{kind.__name__} {times} times") for key, times in keys.items() if times > 1]
    return Guarantee(
        promise="Nobody is asked twice about the same call or question",
        looked_at=f"{sum(len(run.requests) for run in seen.runs)} requests",
        broken=broken,
    )


def _spent_once(seen: Seen) -> Guarantee:
    broken, spent = list[Broken](), 0
    for run in seen.runs:
        approved = {
            request.key: request.question.call
            for request in run.requests
            if isinstance(request.question, ApprovalQuestion) and request.answer and request.answer.decision == "approve"
        }
        used = [event for event in _of(run, Intended) if event.approval]
        spent += len({event.approval for event in used})
        for event in used:
            if approved.get(event.approval) != event.call:
                broken.append(_broken(run, event.call.id, f"made by the approval {event.approval!r}, which is not for it"))
        first = Counter(event.approval for event in used if event.attempt == 1)
        broken += [_broken(run, key, f"used {times} times") for key, times in first.items() if times > 1]
    return Guarantee(
        promise="An approval lets exactly the call through that was shown, once",
        looked_at=f"{spent} approvals used",
        broken=broken,
    )


def _steps(seen: Seen) -> Guarantee:
    broken = list[Broken]()
    for run in seen.runs:
        results = Counter(event.call.id for event in _of(run, Returned))
        broken += [_broken(run, call, f"{times} results") for call, times in results.items() if times > 1]
        places = [entry.sequence for entry in run.entries]
        if places != list(range(1, len(places) + 1)):
            broken.append(_broken(run, "", f"its journal has gaps: {places}"))
    return Guarantee(
        promise="A finished step is never done again",
        looked_at=f"{sum(len(run.entries) for run in seen.runs)} journal entries",
        broken=broken,
    )


def _ends(seen: Seen) -> Guarantee:
    states = sorted(Counter(run.record.state.value if run.record else "none" for run in seen.runs).items())
    restarts = sum(run.record.executions for run in seen.runs if run.record)
    return Guarantee(
        promise="Every run goes on to its end, with a record, a report and the same state in Prefect; no request stays open",
        looked_at=f"{len(seen.runs)} runs in {restarts} processes: {', '.join(f'{n} {state}' for state, n in states)}",
        broken=[_broken(run, "", what) for run in seen.runs for what in _unfinished(run)],
    )


def _unfinished(run: RunSeen) -> Iterator[str]:
    if run.record is None or run.record.ended_at is None:
        yield f"it has not ended; Prefect shows {run.shown!r}"
        return
    if not run.report:
        yield "it has no report"
    if not run.is_over or run.shown != {"Success": "Completed"}.get(run.record.state.value, run.record.state.value):
        yield f"it ended {run.record.state}, and Prefect shows {run.shown!r}"
    if run.record.state is RunState.SUCCESS and run.record.conclusion is None:
        yield "a success without a conclusion"
    if run.record.state is not RunState.SUCCESS and not any(word in run.record.reason for word in _EXPECTED):
        yield f"it ended {run.record.state}: {run.record.reason}"
    for request in run.requests:
        if request.state is RequestState.OPEN:
            yield f"request {request.key!r} is still open"


_EXPECTED = ("stopped the run", "process died")
"""Why a run of a trial may fail: a person stopped it, or it was killed more often than it is started again."""


def _audited(seen: Seen) -> Guarantee:
    return Guarantee(
        promise="The audit record holds from its first entry to its head",
        looked_at=f"{sum(run.audited for run in seen.runs)} entries of {len(seen.runs)} Missions",
        broken=[_broken(run, "", run.audit_break) for run in seen.runs if run.audit_break],
    )


def _left(seen: Seen) -> Guarantee:
    return Guarantee(
        promise="No process stays: none of a run that is over, none after `missions up` has stopped",
        looked_at="all processes of the machine, twice",
        broken=[Broken(run="no run", step="", what=process) for process in seen.left],
    )


def _of(run: RunSeen, kind: type[Event]) -> list[Event]:
    return [entry.event for entry in run.entries if isinstance(entry.event, kind)]


def _broken(run: RunSeen, step: str, what: str) -> Broken:
    return Broken(run=f"{run.script.name} {run.run_id}", step=step, what=what)

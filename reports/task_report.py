"""Makes the Task Report: what a run found, did and cost, from its records; only the words of findings are the model's (R6.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from blueprint.citations import citations
from blueprint.mission import Mission
from blueprint.notes import Note
from blueprint.plan import Task
from blueprint.records import JournalEntry, RunRecord, RunState
from blueprint.requests import ApprovalQuestion, Request
from blueprint.stream import Briefed, Finding, Intended, Noted, Outcome, Returned, Severity
from reports.comparison import Comparison, compare
from reports.figures import CallCount, Figures, call_counts, figures, returned_calls
from reports.ledger import Effect, effects
from reports.rendering import render
from reports.text import one_line
from reports.times import moment

_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2, Severity.OK: 3}


@dataclass(frozen=True, kw_only=True)
class ReportLinks:
    """Web addresses that a report may point at, empty where there is none: the run, its session, the run of the last
    report, single steps by number, process snapshots by title."""

    run: str = ""
    session: str = ""
    previous: str = ""
    steps: Mapping[int, str] = field(default_factory=dict[int, str])
    snapshots: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One step that a finding rests on: its number in the stream, what was called, and how that ended."""

    step: int
    name: str
    ending: str


@dataclass(frozen=True, kw_only=True)
class SupportedFinding:
    """A finding with the steps that it names. `unknown` holds what it names as evidence and is no step of this run."""

    finding: Finding
    evidence: tuple[Evidence, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TaskReport:
    """All that a report says, before it is put into words. `summary` is empty when the run reached no conclusion."""

    state: RunState
    reason: str
    summary: str
    findings: tuple[SupportedFinding, ...]
    comparison: Comparison | None
    ledger: tuple[Effect, ...]
    recommendations: tuple[str, ...]
    unchecked: tuple[str, ...]
    notes: tuple[tuple[int, Note], ...]
    """What the agent wrote down, with the steps: all that is known of a run without a conclusion."""
    calls: tuple[CallCount, ...]
    figures: Figures
    model: str

    @property
    def actions(self) -> tuple[Effect, ...]:
        """What the run really changed."""
        return tuple(effect for effect in self.ledger if effect.outcome is Outcome.DONE)

    @property
    def has_unknown(self) -> bool:
        """Whether nobody knows if some call had its effect."""
        return any(effect.outcome is Outcome.UNKNOWN for effect in self.ledger)


def task_report(
    *,
    mission: Mission,
    task: Task,
    record: RunRecord,
    entries: Sequence[JournalEntry],
    requests: Sequence[Request],
    previous: RunRecord | None,
    links: ReportLinks,
) -> str:
    """The report of one run as Markdown. `previous` is the Task's last finished run before this one."""
    report = build(record=record, entries=entries, requests=requests, previous=previous, timezone=mission.timezone)
    return _written(report, mission, task, record, links)


def build(
    *,
    record: RunRecord,
    entries: Sequence[JournalEntry],
    requests: Sequence[Request],
    previous: RunRecord | None,
    timezone: str,
) -> TaskReport:
    """Everything that the report says, reckoned from the records."""
    conclusion = record.conclusion
    return TaskReport(
        state=record.state,
        reason=record.reason,
        summary=conclusion.summary if conclusion else "",
        findings=_supported(conclusion.findings if conclusion else (), entries),
        comparison=compare(conclusion, previous) if previous else None,
        ledger=effects(entries, requests, timezone),
        recommendations=conclusion.recommendations if conclusion else (),
        unchecked=(*(conclusion.unchecked if conclusion else ()), *_gaps(entries, requests)),
        notes=tuple((entry.sequence, entry.event.note) for entry in entries if isinstance(entry.event, Noted)),
        calls=call_counts(entries),
        figures=figures(record, entries, requests),
        model=next((entry.event.model for entry in entries if isinstance(entry.event, Briefed)), "none was asked"),
    )


def _supported(findings: Sequence[Finding], entries: Sequence[JournalEntry]) -> tuple[SupportedFinding, ...]:
    returned = [(entry.sequence, entry.event) for entry in entries if isinstance(entry.event, Returned)]
    steps = {event.call.id: _evidence(sequence, event) for sequence, event in returned}
    ordered = sorted(findings, key=lambda finding: _RANK[finding.severity])
    return tuple(_with_evidence(finding, steps) for finding in ordered)


def _evidence(sequence: int, event: Returned) -> Evidence:
    ending = "" if event.outcome is Outcome.DONE and not event.is_error else _ending(event)
    return Evidence(step=sequence, name=event.call.name.lstrip("."), ending=ending)


def _ending(event: Returned) -> str:
    return "failed" if event.outcome is Outcome.DONE else event.outcome.value


def _with_evidence(finding: Finding, steps: Mapping[str, Evidence]) -> SupportedFinding:
    named = citations(finding, steps.keys())
    evidence = {steps[call_id].step: steps[call_id] for call_id in named.known}
    return SupportedFinding(finding=finding, evidence=tuple(evidence.values()), unknown=named.unknown)


def _gaps(entries: Sequence[JournalEntry], requests: Sequence[Request]) -> tuple[str, ...]:
    """What the records show as not looked at: servers that were away, reads that failed for good or never came back,
    questions without an answer."""
    returned = returned_calls(entries)
    succeeded = {call.call.digest for call in returned if not call.is_error}
    away = [
        f"Tool server {server!r} could not be used: {one_line(problem, 300)}"
        for entry in entries
        if isinstance(entry.event, Briefed)
        for server, problem in entry.event.missing.items()
    ]
    failed = [
        f"{call.call.name} failed: {one_line(call.text, 300)}"
        for call in returned
        if call.is_error and not call.changes and call.call.digest not in succeeded
    ]
    back = {entry.event.call.id for entry in entries if isinstance(entry.event, Returned)}
    lost = [
        f"{entry.event.call.name} was at work when the run ended; its answer is missing."
        for entry in entries
        if isinstance(entry.event, Intended) and entry.event.traits.is_read_only and entry.event.call.id not in back
    ]
    unanswered = [
        f"Nobody answered: {request.title}"
        for request in requests
        if request.answer is None and not isinstance(request.question, ApprovalQuestion)
    ]
    return tuple(dict.fromkeys([*away, *failed, *lost, *unanswered]))


def _written(report: TaskReport, mission: Mission, task: Task, record: RunRecord, links: ReportLinks) -> str:
    zone, numbers = mission.timezone, report.figures
    return render(
        "task_report.md.j2",
        title=task.title,
        mission=mission.title,
        run={"id": record.id, "started_by": record.started_by.value, "plan_version": record.plan_version},
        report=asdict(report) | {"findings": [_finding(supported, links) for supported in report.findings]},
        ledger=[_effect(effect, links) for effect in report.ledger],
        actions=[_effect(action, links) for action in report.actions],
        has_unknown=report.has_unknown,
        severities=_severities(report.findings),
        notes=[_note(step, note, links) for step, note in report.notes],
        usage=numbers.usage.model_dump() | {"is_estimated": numbers.usage.is_estimated},
        scheduled_for=moment(numbers.scheduled_for, zone),
        started_at=moment(numbers.started_at, zone),
        ended_at=moment(numbers.ended_at, zone),
        last_at=moment(report.comparison.last_at, zone) if report.comparison else "",
        links={"run": links.run, "session": links.session, "previous": links.previous, "snapshots": links.snapshots},
    )


def _finding(supported: SupportedFinding, links: ReportLinks) -> dict[str, object]:
    evidence = [asdict(evidence) | {"url": links.steps.get(evidence.step, "")} for evidence in supported.evidence]
    return {**supported.finding.model_dump(mode="json"), "evidence": evidence, "unknown": supported.unknown}


def _effect(effect: Effect, links: ReportLinks) -> dict[str, object]:
    return {**asdict(effect), "url": links.steps.get(effect.step, "")}


def _note(step: int, note: Note, links: ReportLinks) -> dict[str, object]:
    return {"step": step, "url": links.steps.get(step, ""), "kind": note.kind.value, "text": note.text}


def _severities(findings: Sequence[SupportedFinding]) -> list[str]:
    given = [supported.finding.severity for supported in findings]
    return [f"{given.count(severity)} {severity}" for severity in _RANK if severity in given]

"""Four runs of one Task as their records: a success, a failure, a rejected call, an unknown outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blueprint.mission import Mission, MissionState
from blueprint.plan import Task
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.records import JournalEntry, RunRecord, RunState, StartedBy
from blueprint.requests import AnomalyQuestion, Answer, ApprovalQuestion, Decision, Request, RequestState
from blueprint.stream import (
    Answered,
    Asked,
    Briefed,
    Concluded,
    Conclusion,
    Ended,
    Finding,
    Intended,
    ModelCall,
    Outcome,
    Reasoned,
    Returned,
    Severity,
    StreamEvent,
    Usage,
)
from blueprint.triggers import Cron

START = datetime(2026, 11, 21, 1, 0, 2, tzinfo=UTC)
READS = ToolTraits(read_only=True)
REMOVES = ToolTraits(read_only=False, destructive=True)

MISSION = Mission(
    id="host-care",
    title="Host care",
    goal="Look after this host",
    state=MissionState.ACTIVE,
    timezone="Europe/Berlin",
    created_at=START,
    active_at=START,
)
TASK = Task(
    name="disk-inspection",
    title="Disk inspection",
    instructions="Look at the disks. Remove old scratch files when there are any.",
    trigger=Cron(cron="0 2 * * *"),
)

DISKS = ToolCall(id="c00001000", server="host", tool="disk_usage", arguments={})
SERVICES = ToolCall(id="c00001001", server="host", tool="failed_services", arguments={"limit": 20})
REMOVE = ToolCall(
    id="c00002000", server="host", tool="remove_old_files", arguments={"directory": "scratch", "older_than_days": 7}
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """All records of one run."""

    record: RunRecord
    entries: tuple[JournalEntry, ...]
    requests: tuple[Request, ...] = ()


def success() -> Run:
    """Approved by a person, who took 90 seconds; 17 files removed."""
    approval = _approval(Decision.APPROVE, "go ahead, nobody needs them")
    removed = Returned(call=REMOVE, outcome=Outcome.DONE, text='{"removed": 17}', size=15, seconds=0.2, changes=True)
    return _run(RunState.SUCCESS, [*_looked(), *_asked(approval), _intended_removal(), removed], CONCLUSION, (approval,))


def rejected() -> Run:
    """The same, but the person says no."""
    approval = _approval(Decision.REJECT, "not before the backup")
    text = "A person rejected this call; it was not made. They wrote: not before the backup"
    refused = Returned(call=REMOVE, outcome=Outcome.NOT_DONE, is_error=True, text=text, size=len(text), changes=True)
    return _run(RunState.SUCCESS, [*_looked(), *_asked(approval), refused], CONCLUSION, (approval,))


def failure() -> Run:
    """The model goes away before it has concluded."""
    reason = "The model at 127.0.0.1:4210 did not answer 5 times in a row; check that it runs."
    return _run(RunState.FAILED, _looked(), None, (), reason=reason)


def unknown() -> Run:
    """The process dies during the change, and the person who is asked about it stops the run."""
    approval = _approval(Decision.APPROVE, "")
    settlement = _request(
        "unknown-c00002000",
        "did host.remove_old_files happen?",
        AnomalyQuestion(what="The run was interrupted while this call was at work.", unknown_call=REMOVE),
        Answer(decision=Decision.STOP, text="I can't tell", by="console", at=START + timedelta(seconds=200)),
    )
    lost = Returned(
        call=REMOVE, outcome=Outcome.UNKNOWN, is_error=True, text="The outcome of this call is unknown.", changes=True
    )
    events = [*_looked(), *_asked(approval), _intended_removal(), *_asked(settlement), lost]
    reason = "console stopped the run at a call whose outcome is unknown: host.remove_old_files"
    return _run(RunState.FAILED, events, None, (approval, settlement), reason=reason, executions=3)


def last() -> RunRecord:
    """The record of the run before."""
    before = timedelta(days=1)
    conclusion = Conclusion(
        summary="One disk is filling up.",
        findings=(
            Finding(title="Disk /data is 91 % full", severity=Severity.WARNING),
            Finding(title="nginx.service has failed", severity=Severity.CRITICAL),
        ),
    )
    return success().record.model_copy(
        update={"id": "run-0", "started_at": START - before, "ended_at": START - before, "conclusion": conclusion}
    )


CONCLUSION = Conclusion(
    summary="Looked at 2 disks. One is **nearly full**:\n\n- `/data` is 91 % full\n- `/` has room",
    findings=(
        Finding(title="Disk / has room", severity=Severity.OK, detail="40 of 100 GB used.", evidence=("c00001000",)),
        Finding(
            title="Disk /data is 91 % full",
            severity=Severity.CRITICAL,
            detail="182 of 200 GB used.",
            evidence=("call c00001000", "c00009000"),
        ),
        Finding(title="Somebody forgot the logs", severity=Severity.INFO),
    ),
    recommendations=("Enlarge `/data`, or move the logs.",),
    unchecked=("SMART values: no tool gives them.",),
)


def _looked() -> list[StreamEvent]:
    disks = '{"disks": [{"mount": "/", "percent": 40}, {"mount": "/data", "percent": 91}]}'
    return [
        Briefed(system="You are an SRE.", task="Inspect the disks.", model="rehearsal at 127.0.0.1:4210"),
        _reasoned("I look at the disks and the services first.", DISKS, SERVICES),
        Intended(call=DISKS, traits=READS, rule=Rule.AUTO, reason="its server declares it read-only"),
        Returned(call=DISKS, outcome=Outcome.DONE, text=disks, size=len(disks), structured={"disks": []}, seconds=0.31),
        Intended(call=SERVICES, traits=READS, rule=Rule.AUTO, reason="its server declares it read-only"),
        Returned(call=SERVICES, outcome=Outcome.DONE, is_error=True, text="systemctl is not there", size=22, seconds=0.05),
    ]


def _reasoned(text: str, *calls: ToolCall) -> Reasoned:
    written = tuple(
        ModelCall(id=call.id, wire_name=f"{call.server}__{call.tool}", raw_arguments="{}", call=call) for call in calls
    )
    return Reasoned(text=text, calls=written, usage=Usage(input_tokens=1200, output_tokens=80, cost=0.0021), seconds=1.4)


def _asked(request: Request) -> list[StreamEvent]:
    assert request.answer is not None
    call_id = REMOVE.id
    thought = [_reasoned("Old scratch files take up room.", REMOVE)] if request.key.startswith("approve") else []
    return [
        *thought,
        Asked(key=request.key, title=request.title, call_id=call_id),
        Answered(key=request.key, title=request.title, answer=request.answer, call_id=call_id),
    ]


def _intended_removal() -> Intended:
    return Intended(call=REMOVE, traits=REMOVES, rule=Rule.ASK, reason="it changes something", approval="approve-c00002000")


def _approval(decision: Decision, text: str) -> Request:
    question = ApprovalQuestion(
        call=REMOVE, about="Removes files.", why="Old scratch files take up room.", risk="it changes something"
    )
    answer = Answer(decision=decision, text=text, by="command:alice", at=START + timedelta(seconds=100))
    return _request("approve-c00002000", "host.remove_old_files?", question, answer)


def _request(key: str, title: str, question: ApprovalQuestion | AnomalyQuestion, answer: Answer) -> Request:
    asked_at = answer.at - timedelta(seconds=90)
    return Request(
        run_id="run-1",
        mission_id=MISSION.id,
        key=key,
        title=title,
        question=question,
        asked_at=asked_at,
        deadline=asked_at + timedelta(hours=3),
        state=RequestState.ANSWERED,
        answer=answer,
    )


def _run(
    state: RunState,
    events: Sequence[StreamEvent],
    conclusion: Conclusion | None,
    requests: tuple[Request, ...],
    *,
    reason: str = "",
    executions: int = 2,
) -> Run:
    concluded = [Concluded(conclusion=conclusion, call_id="c00003000")] if conclusion else []
    whole = [*events, *concluded, Ended(state=state, reason=reason)]
    entries = tuple(
        JournalEntry(sequence=place, at=START + timedelta(seconds=place), event=event)
        for place, event in enumerate(whole, start=1)
    )
    record = RunRecord(
        id="run-1",
        mission_id=MISSION.id,
        task=TASK.name,
        plan_version=2,
        started_by=StartedBy.CRON,
        scheduled_for=START - timedelta(seconds=2),
        started_at=START,
        ended_at=START + timedelta(seconds=212),
        state=state,
        reason=reason,
        executions=executions,
        running_seconds=121.6,
        conclusion=conclusion,
    )
    return Run(record=record, entries=entries, requests=requests)

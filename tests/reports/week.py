"""A week of a Mission as its records: seven daily runs, one failed, one cancelled; two approvals, one missed fire."""

from datetime import UTC, datetime, timedelta

from blueprint.mission import Mission, MissionState
from blueprint.notification import ChannelState
from blueprint.policy import ToolCall
from blueprint.records import FireRecord, Refusal, RunRecord, RunState, StartedBy
from blueprint.requests import Answer, ApprovalQuestion, Decision, InformationQuestion, Request, RequestState
from blueprint.stream import Conclusion, Finding, Severity, Usage
from reports.mission_report import Records
from reports.period import Period

MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Period(since=MONDAY - timedelta(hours=2), until=MONDAY - timedelta(hours=2) + 7 * DAY)
TASKS = ("disk",)
TITLES = {"disk": "Disks | of all <hosts>"}
CALL = ToolCall(id="c1", server="host", tool="clean_scratch", arguments={})

MISSION = Mission(
    id="host-care",
    title="Host care",
    goal="Look after this host",
    state=MissionState.ACTIVE,
    timezone="Europe/Berlin",
    created_at=MONDAY,
    active_at=MONDAY,
)

FULL = Finding(title="Disk /data is 91 % full", severity=Severity.WARNING)
FULLER = Finding(title="Disk /data is 91 % full", severity=Severity.CRITICAL)
FAILED = Finding(title="nginx.service has failed", severity=Severity.CRITICAL)
FINE = Finding(title="Disk / has room", severity=Severity.OK)
OLD = Finding(title="Certificate ends soon", severity=Severity.WARNING)


def run(day: int, state: RunState = RunState.SUCCESS, *findings: Finding, reason: str = "") -> RunRecord:
    """The run of one day, 0 for Monday."""
    at = MONDAY + day * DAY
    has_conclusion = state is RunState.SUCCESS
    return RunRecord(
        id=f"run-of-day-{day}",
        mission_id=MISSION.id,
        task="disk",
        plan_version=1,
        started_by=StartedBy.CRON,
        scheduled_for=at,
        started_at=at + timedelta(seconds=2),
        ended_at=at + timedelta(minutes=10 + day),
        state=state,
        reason=reason,
        running_seconds=60.0 * (day + 10),
        usage=Usage(input_tokens=1000 * (day + 3), output_tokens=100, cost=0.25),
        conclusion=Conclusion(summary=f"Day {day}.", findings=(*findings, FINE)) if has_conclusion else None,
    )


RUNS = (
    run(-2, RunState.SUCCESS, OLD),
    run(-1, RunState.SUCCESS, OLD, FAILED),
    run(0, RunState.SUCCESS, OLD, FULL),
    run(1, RunState.SUCCESS, OLD, FULL),
    run(2, RunState.FAILED, reason="The model did not answer."),
    run(3, RunState.SUCCESS, OLD, FULLER),
    run(4, RunState.CANCELLED, reason="A person cancelled the run."),
    run(5, RunState.SUCCESS, FULLER),
    run(6, RunState.SUCCESS, FULLER, FINE),
)

FIRES = (
    FireRecord(
        mission_id=MISSION.id,
        task="disk",
        run_id="fire-1",
        scheduled_for=MONDAY + 2 * DAY,
        at=MONDAY + 2 * DAY + timedelta(hours=9),
        reason="It came late.",
        refusal=Refusal.MISSED,
    ),
)


def approval(day: int, decision: Decision | None, seconds: float = 90) -> Request:
    """A question of one day, answered after so many seconds."""
    asked = MONDAY + day * DAY + timedelta(minutes=5)
    answer = Answer(decision=decision, by="command:alice", at=asked + timedelta(seconds=seconds)) if decision else None
    return Request(
        run_id=f"run-of-day-{day}",
        mission_id=MISSION.id,
        key="approve-c1",
        title="host.clean_scratch?",
        question=ApprovalQuestion(call=CALL, why="It is full.", risk="It changes something."),
        asked_at=asked,
        deadline=asked + timedelta(hours=3),
        state=RequestState.ANSWERED if answer else RequestState.EXPIRED,
        answer=answer,
    )


WAITING = Request(
    run_id="run-of-day-6",
    mission_id=MISSION.id,
    key="ask-1",
    title="Which disk is meant?",
    question=InformationQuestion(questions=("Which?",)),
    asked_at=MONDAY + 6 * DAY + timedelta(minutes=6),
    deadline=MONDAY + 6 * DAY + timedelta(hours=3),
)

REQUESTS = (approval(0, Decision.APPROVE, 60), approval(1, Decision.REJECT, 120), approval(3, None), WAITING)

CHANNELS = {
    "ops": ChannelState(answered_at=MONDAY),
    "pager": ChannelState(failing_since=MONDAY, failures=7, reason="It answered 403: <b>no</b>"),
}

RECORDS = Records(runs=RUNS, fires=FIRES, requests=REQUESTS, channels=CHANNELS)

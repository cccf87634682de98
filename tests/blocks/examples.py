"""Small values that many tests of the store need."""

from datetime import UTC, datetime, timedelta

from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.records import RunRecord, StartedBy
from blueprint.requests import Answer, ApprovalQuestion, Decision, Question, Request
from blueprint.standing import StandingRule
from blueprint.stream import Intended, Outcome, Returned
from blueprint.triggers import Manual

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

CALL = ToolCall(id="c00002000", server="host", tool="clean_scratch", arguments={"older_than_days": 7})


def mission(name: str = "hosts", title: str = "Look after the hosts") -> Mission:
    return Mission(id=name, title=title, goal="Inspect them.", created_at=NOW, active_at=NOW)


def plan(title: str = "Hosts", *, task: str = "disk", task_title: str = "Look at the disks") -> Blueprint:
    look = Task(name=task, title=task_title, instructions="Look.", trigger=Manual())
    return Blueprint(title=title, goal="Inspect them.", tasks=(look,))


def run(name: str = "run-1", task: str = "disk", *, minutes: int = 0) -> RunRecord:
    at = NOW + timedelta(minutes=minutes)
    return RunRecord(
        id=name, mission_id="hosts", task=task, plan_version=1, started_by=StartedBy.MANUAL, scheduled_for=at, started_at=at
    )


def request(key: str = "approve-c00002000", *, question: Question | None = None, seconds: float = 3600) -> Request:
    now = datetime.now(UTC)
    return Request(
        run_id="run-1",
        mission_id="hosts",
        key=key,
        title="host.clean_scratch?",
        question=question or ApprovalQuestion(call=CALL, why="It is full.", risk="It changes something."),
        asked_at=now,
        deadline=now + timedelta(seconds=seconds),
    )


def answer(decision: Decision = Decision.APPROVE, by: str = "command:alice") -> Answer:
    return Answer(decision=decision, by=by, at=NOW)


def intended(
    call: ToolCall = CALL,
    *,
    rule: Rule = Rule.ASK,
    attempt: int = 1,
    approval: str = "",
    run_approval: str = "",
    standing_rule: str = "",
    evidence: str = "",
) -> Intended:
    """About to be made, by one of the three kinds of leave."""
    return Intended(
        call=call,
        traits=ToolTraits(),
        rule=rule,
        reason="It changes.",
        attempt=attempt,
        approval=approval,
        run_approval=run_approval,
        standing_rule=standing_rule,
        evidence=evidence,
    )


def returned(call: ToolCall = CALL, outcome: Outcome = Outcome.DONE, *, is_error: bool = False) -> Returned:
    return Returned(call=call, outcome=outcome, is_error=is_error, changes=True)


def standing_rule(name: str = "r-1", *, days: float = 7, uses_a_day: int = 2, **arguments: str) -> StandingRule:
    now = datetime.now(UTC)
    return StandingRule(
        id=name,
        mission_id="hosts",
        tool="host.clean_scratch",
        arguments=arguments or {"older_than_days": "7"},
        expires_at=now + timedelta(days=days),
        uses_a_day=uses_a_day,
        made_by="command:alice",
        made_at=now,
    )

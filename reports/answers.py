"""Answers what people ask about a Mission, from its records: how it stands, what was found, what is planned (R3.5).

Prefect logs an answer, and its console makes links of addresses: those that others wrote are broken up.
"""

from collections.abc import Sequence
from datetime import datetime

from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.records import RunRecord
from blueprint.requests import Request
from blueprint.triggers import next_fires
from blueprint.values import short_id
from reports.rendering import render
from reports.schedule import started
from reports.times import minute

RUNS_SHOWN = 5


def state_text(mission: Mission, plan: Blueprint, runs: Sequence[RunRecord], requests: Sequence[Request], now: datetime) -> str:
    """How it stands: state, next starts, last runs (the newest first), open questions; plain text for a terminal."""
    zone = plan.timezone or mission.timezone
    return render(
        "answer_state.txt.j2",
        title=mission.title,
        state=mission.state.value,
        zone=zone or "UTC",
        tasks=[{"name": task.name, "next": _next(task, mission, zone, now)} for task in plan.tasks],
        runs=[_run(run, zone) for run in runs[:RUNS_SHOWN]],
        requests=[{"title": request.title, "run": short_id(request.run_id)} for request in requests],
    )


def findings_text(mission: Mission, runs: Sequence[RunRecord], zone: str) -> str:
    """What the last run of each Task that came to a conclusion has found; `runs` the newest first."""
    concluded = {run.task: run for run in reversed(runs) if run.conclusion is not None}
    return render("answer_findings.txt.j2", title=mission.title, runs=[_found(run, zone) for run in concluded.values()])


def plan_text(mission: Mission, plan: Blueprint, version: int) -> str:
    """What is planned, and how it is gone about."""
    zone = plan.timezone or mission.timezone
    return render(
        "answer_plan.txt.j2",
        title=mission.title,
        version=version,
        is_in_force=mission.plan_version == version,
        goal=plan.goal,
        approach=plan.approach,
        tasks=[{"name": task.name, "starts": started(task, zone), "what": task.instructions} for task in plan.tasks],
        rules=[{"tool": rule.tool, "rule": rule.rule.value} for rule in plan.risk_policy.rules],
        notify=list(plan.notify),
    )


def _next(task: Task, mission: Mission, zone: str, now: datetime) -> str:
    if mission.state != "Active":
        return f"not while the Mission is {mission.state}"
    fires = next_fires(task.trigger, now, zone, count=1) if not task.after else ()
    return minute(fires[0], zone) if fires else started(task, zone)


def _run(run: RunRecord, zone: str) -> dict[str, str]:
    state = f"{run.state.value} (waits for a person)" if run.is_waiting else run.state.value
    return {"id": short_id(run.id), "task": run.task, "state": state, "at": minute(run.started_at, zone), "reason": run.reason}


def _found(run: RunRecord, zone: str) -> dict[str, object]:
    assert run.conclusion is not None
    findings = [{"severity": one.severity.value, "title": one.title} for one in run.conclusion.findings]
    return {**_run(run, zone), "summary": run.conclusion.summary, "findings": findings}

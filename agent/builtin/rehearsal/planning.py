"""Writes a Blueprint from a goal: one Task for each time at which something runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.builtin.rehearsal.alignment import tools_for
from agent.builtin.rehearsal.changing import changed
from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.goal import Job
from agent.builtin.rehearsal.schedule import coarser
from agent.builtin.rehearsal.spoken import CONFESSION
from agent.builtin.rehearsal.tasks import task_for, title_for

_TOO_OFTEN = re.compile(r"more often than every (\d+) minutes")
_APPROACH = "Looks first, weighs what it sees, and changes something only when the goal says so and a person allows it."


def plan(commission: Commission) -> dict[str, Any]:
    """A Blueprint as JSON: what was asked for, right or wrong; after a problem was named, the nearest that is allowed."""
    draft = changed(commission) if commission.previous else _new(commission)
    return _mended(draft, commission.problems)


def _new(commission: Commission) -> dict[str, Any]:
    intent = commission.intent
    jobs = intent.jobs or (Job(clauses=(commission.goal,), schedule=intent.schedule),)
    tasks: list[dict[str, Any]] = []
    for job in jobs:
        tasks.append(task_for(job, commission.offers, commission.clock(intent.timezone), tasks))
    changes = dict.fromkeys(offer.name for job in jobs for offer in tools_for(job, commission.offers)[1])
    return {
        "format": 1,
        "title": title_for([clause for job in jobs for clause in job.clauses]),
        "goal": "\n".join([commission.goal.strip(), *(answer.strip() for answer in commission.answers)]),
        "timezone": intent.timezone,
        "breakdown": [f"{clause[0].upper()}{clause[1:]}" for job in jobs for clause in job.clauses],
        "tasks": tasks,
        "approach": " ".join([_APPROACH, *_notes(jobs, commission), CONFESSION]),
        "risk_policy": {"rules": [{"tool": name, "rule": "ask"} for name in changes]},
        "outputs": ["A report after each run: findings with figures, what was changed, and what could not be checked."],
        "notify": [],
    }


def _notes(jobs: Sequence[Job], commission: Commission) -> list[str]:
    notes = [job.schedule.note for job in jobs if job.schedule and job.schedule.note]
    if any(job.schedule is None for job in jobs):
        notes.append("No time was given, so it runs when somebody asks for it.")
    toolless = [job.text for job in jobs if not tools_for(job, commission.offers)[0]]
    return list(dict.fromkeys([*notes, *(f"No tool that was offered fits: {text}" for text in toolless)]))


def _mended(draft: Mapping[str, Any], problems: Sequence[str]) -> dict[str, Any]:
    """The draft without what was refused, and a sentence in `approach` for each departure from the goal."""
    tasks, notes = list(draft["tasks"]), list[str]()
    least = next((int(match[1]) for problem in problems if (match := _TOO_OFTEN.search(problem))), 0)
    for place, task in enumerate(tasks if least else []):
        trigger = task["trigger"]
        if trigger["kind"] == "cron" and (allowed := coarser(trigger["cron"], least)) != trigger["cron"]:
            tasks[place] = {**task, "trigger": {**trigger, "cron": allowed}}
            notes.append(
                f"You asked for {trigger['cron']!r}; no Task may run more often than every {least} minutes, so it is {allowed!r}."
            )
    zone = draft.get("timezone") or ""
    if zone and any(repr(zone) in problem and "time zone" in problem for problem in problems):
        notes.append(f"There is no time zone {zone!r}, so the Mission's is used.")
        tasks, zone = [_without_zone(task) for task in tasks], ""
    if any(".strategy." in problem for problem in problems):
        notes.append("What was said about how it runs can't be kept to, so the usual limits hold.")
        tasks = [{**task, "strategy": dict[str, Any]()} for task in tasks]
    return {**draft, "tasks": tasks, "timezone": zone, "approach": " ".join([*notes, str(draft.get("approach") or "")]).strip()}


def _without_zone(task: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**task, "trigger": {name: value for name, value in task["trigger"].items() if name != "timezone"}}

"""Writes one Task of a Blueprint from a job."""

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from agent.builtin.rehearsal.alignment import tools_for
from agent.builtin.rehearsal.goal import Job
from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.schedule import Schedule
from blueprint.values import slug

_TITLE_LENGTH = 80


def task_for(job: Job, offers: tuple[Offer, ...], taken: Collection[str] = ()) -> dict[str, Any]:
    """A Task as JSON, under a name that is not `taken`; its instructions are the job's clauses word for word."""
    needed, changes = tools_for(job, offers)
    outputs = ["What was found, with figures."] + ["What was changed, and who allowed it."] * bool(changes)
    title = title_for(job.clauses)
    return {
        "name": free_name(title, taken),
        "title": title,
        "instructions": job.text,
        "trigger": trigger_for(job.schedule),
        "tools": [offer.name for offer in needed],
        "outputs": outputs,
    }


def trigger_for(schedule: Schedule | None) -> dict[str, Any]:
    """A schedule as a trigger; without one the Task runs by hand."""
    return {"kind": "cron", "cron": schedule.cron} if schedule and schedule.cron else {"kind": "manual"}


def title_for(clauses: Sequence[str]) -> str:
    """A title from the first words of the clauses, without their conditions."""
    heads = [clause.split(" when ")[0].split(" if ")[0].rstrip(".,") for clause in clauses]
    whole = " and ".join(heads)
    if len(whole) > _TITLE_LENGTH:
        whole = heads[0] if len(heads[0]) <= _TITLE_LENGTH else heads[0][:_TITLE_LENGTH].rsplit(" ", 1)[0]
    return f"{whole[:1].upper()}{whole[1:]}" or "Mission"


def free_name(title: str, taken: Collection[str]) -> str:
    """A technical name from a title, numbered when it is taken."""
    name = slug(title, "task")
    return next(one for number in count(1) if (one := name if number == 1 else f"{name}-{number}") not in taken)

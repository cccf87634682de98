"""Writes one Task of a Blueprint from a job."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import count
from textwrap import shorten
from typing import Any

from agent.builtin.rehearsal.alignment import tools_for
from agent.builtin.rehearsal.following import names_before
from agent.builtin.rehearsal.goal import Job
from agent.builtin.rehearsal.happening import Happening
from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.once import OnceAt
from agent.builtin.rehearsal.schedule import Schedule
from blueprint.values import NAME_CHARS, slug

_TITLE_LENGTH = 80


def task_for(job: Job, offers: tuple[Offer, ...], now: datetime, before: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A Task as JSON, under a name that none of those `before` it has; its instructions are the job's clauses word for word.

    `now` is the present moment in the zone in which times are meant.
    """
    needed, changes = tools_for(job, offers)
    outputs = ["What was found, with figures."] + ["What was changed, and who allowed it."] * bool(changes)
    title, text = title_for(job.clauses), job.text
    name = free_name(title, [task["name"] for task in before])
    if job.schedule and job.schedule.happening:
        said = job.schedule.happening.said
        title, text = f"{title}, {said[:1].lower()}{said[1:]}"[:_TITLE_LENGTH], f"{said[:1].upper()}{said[1:]}: {text}"
    following = job.schedule.following if job.schedule else None
    return {
        "name": name,
        "title": title,
        "instructions": text,
        "trigger": trigger_for(job.schedule, now),
        "after": names_before(following, before) if following else [],
        "tools": [offer.name for offer in needed],
        "outputs": outputs,
        "strategy": dict(job.strategy),
    }


def trigger_for(schedule: Schedule | None, now: datetime) -> dict[str, Any]:
    """A schedule as a trigger; without one, or after others, the Task has no trigger of its own."""
    match schedule:
        case Schedule(once=OnceAt() as once):
            return {"kind": "once", "at": once.moment(now).isoformat()}
        case Schedule(happening=Happening() as happening):
            return happening.trigger()
        case Schedule(cron=str(cron)) if cron:
            return {"kind": "cron", "cron": cron}
        case _:
            return {"kind": "manual"}


def title_for(clauses: Sequence[str]) -> str:
    """A title from the first words of the clauses, without their conditions."""
    heads = [clause.split(" when ")[0].split(" if ")[0].rstrip(".,") for clause in clauses]
    whole = " and ".join(heads)
    if len(whole) > _TITLE_LENGTH:
        whole = heads[0] if len(heads[0]) <= _TITLE_LENGTH else heads[0][:_TITLE_LENGTH].rsplit(" ", 1)[0]
    return f"{whole[:1].upper()}{whole[1:]}" or "Mission"


def free_name(title: str, taken: Collection[str]) -> str:
    """A technical name from a title, of whole words, numbered when it is taken."""
    name = slug(shorten(title, NAME_CHARS, placeholder="") or title, "task")
    return next(one for number in count(1) if (one := name if number == 1 else f"{name}-{number}") not in taken)

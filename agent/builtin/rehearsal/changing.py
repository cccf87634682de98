"""Changes an earlier Blueprint as a wish in English says: "make it 03:00", "also check the memory", "drop the cleaning"."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.builtin.rehearsal.alignment import tools_for
from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.goal import Job, read_clauses, read_goal
from agent.builtin.rehearsal.parting import apart
from agent.builtin.rehearsal.schedule import TIME_WAS_TAKEN, Schedule, at_another_time, find_schedule
from agent.builtin.rehearsal.shapes import items, mapping
from agent.builtin.rehearsal.strategy import find_strategies
from agent.builtin.rehearsal.tasks import task_for, trigger_for
from agent.builtin.rehearsal.times import TIME, find_zone
from agent.builtin.rehearsal.words import content_words, meanings

Plan = dict[str, Any]

NOT_UNDERSTOOD = "The wish "
"""So begins what is said of a plan that a wish left as it was."""

_NEW_NAME = r"['\"]?(?P<new>.+?)['\"]?\s*[.!;]?\s*$"
_MISSION = r"(?:(?:the|this)\s+mission|it|this)"
_RENAME = re.compile(
    rf"^\s*(?:please\s+)?(?:(?:re)?(?:name|call)\s+{_MISSION}?\s*(?:to\s+|as\s+)?"
    rf"|(?:change|set)\s+(?:the|its)\s+(?:name|title)(?:\s+of\s+{_MISSION})?\s+to\s+){_NEW_NAME}",
    re.IGNORECASE,
)
_RENAME_TASK = re.compile(
    rf"^\s*(?:please\s+)?(?:(?:re)?name|call|change\s+the\s+(?:name|title)\s+of)\s+(?!{_MISSION}\b)(?P<old>.+?)\s+(?:to|as)\s+{_NEW_NAME}",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"\b(?:notif\w+|channels?|send|post|tell|inform|messages?|alert)\b", re.IGNORECASE)
_NO_LONGER = re.compile(
    r"\b(?:stop|no\s+longer|don't|do\s+not|not|never|drop|remove|without|mute|silence|nothing|nobody)\b", re.IGNORECASE
)
_INSTEAD = re.compile(r"\b(?:instead|only|switch|replace)\b", re.IGNORECASE)
_ADD = re.compile(r"^\s*(?:please\s+)?(?:and\s+)?(?:also|add|include|additionally)\b[:,]?\s*|\b(?:too|as well)\b", re.IGNORECASE)
_DROP = re.compile(r"^\s*(?:please\s+)?(?:drop|leave\s+out|skip|remove|delete|without|do\s+not|don't|no)\b", re.IGNORECASE)
_TIME = re.compile(rf"\b{TIME}", re.IGNORECASE)
_SAYS_DAYS = re.compile(r"\b(?:every|each|on|daily|nightly|weekly|monthly|weekdays?|weekends?)\b", re.IGNORECASE)
_VAGUE = meanings(
    "make change set move task instead run new please not time minute hour day week month weekday weekend"
    " hourly daily nightly weekly monthly today tonight tomorrow"
)
"""Words that say nothing of what a wish is about; those of times are no part of a Task's subject either."""


def changed(commission: Commission) -> Plan:
    """The earlier plan with the wish, all its parts, fulfilled; what is not understood changes nothing, and is said."""
    plan = dict(commission.previous)
    for wish in apart(commission.wish) or [""]:
        plan = _with_wish(plan, replace(commission, previous=plan, wish=wish))
    return plan


def _with_wish(before: Plan, commission: Commission) -> Plan:
    for change in _CHANGES:
        after = change(before, commission)
        if after is not None:
            return after
    note = f"{NOT_UNDERSTOOD}{commission.wish!r} was not understood, so nothing was changed."
    return {**before, "approach": f"{note} {before.get('approach') or ''}".strip()}


def _with_renamed_task(plan: Plan, commission: Commission) -> Plan | None:
    """Its title, that is; the name by which Prefect and the records know it stays."""
    match = _RENAME_TASK.match(commission.wish)
    if match is None:
        return None
    about = subject(match["old"])
    meant = [task for task in plan["tasks"] if about & meanings(f"{task['name']} {task['title']}")]
    if len(meant) != 1:
        return None
    return {**plan, "tasks": [{**task, "title": match["new"][:120]} if task is meant[0] else task for task in plan["tasks"]]}


def _renamed(plan: Plan, commission: Commission) -> Plan | None:
    match = _RENAME.match(commission.wish)
    return {**plan, "title": match["new"][:120]} if match and not _RENAME_TASK.match(commission.wish) else None


def _with_channels(plan: Plan, commission: Commission) -> Plan | None:
    """Whom people are told by: channels that there are, by their names."""
    named = [
        name
        for name in commission.channels
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", commission.wish, re.IGNORECASE)
    ]
    if not named or not _CHANNEL.search(commission.wish):
        return None
    present = [str(name) for name in items(plan.get("notify"))]
    if _NO_LONGER.search(commission.wish):
        return {**plan, "notify": [name for name in present if name not in named]}
    kept = [] if _INSTEAD.search(commission.wish) else present
    return {**plan, "notify": [*kept, *(name for name in named if name not in kept)]}


def _with_more(plan: Plan, commission: Commission) -> Plan | None:
    """A wish with a time of its own becomes a new Task; else the first Task does it too."""
    if not _ADD.search(commission.wish):
        return None
    intent = read_goal(_ADD.sub("", commission.wish))
    if not intent.jobs:
        return None
    tasks = [dict(task) for task in plan["tasks"]]
    for job in intent.jobs:
        if job.schedule:
            tasks.append(task_for(job, commission.offers, _clock(plan, commission), tasks))
        else:
            tasks[0] = _extended(tasks[0], job, commission)
    rules = [*plan["risk_policy"]["rules"], *_new_rules(plan, intent.jobs, commission)]
    breakdown = [*plan["breakdown"], *(f"{clause[0].upper()}{clause[1:]}" for job in intent.jobs for clause in job.clauses)]
    return {**plan, "tasks": tasks, "risk_policy": {"rules": rules}, "breakdown": breakdown}


def _with_strategy(plan: Plan, commission: Commission) -> Plan | None:
    """How the Tasks run that the wish speaks of, all of them when it names none."""
    fields = {name: value for phrase in find_strategies(commission.wish) for name, value in phrase.fields.items()}
    if not fields:
        return None
    meant = _meant(plan["tasks"], commission.wish)
    tasks = [_with_fields(task, fields) if task["name"] in meant else task for task in plan["tasks"]]
    return {**plan, "tasks": tasks}


def _with_fields(task: Plan, fields: Mapping[str, Any]) -> Plan:
    return {**task, "strategy": {**mapping(task.get("strategy")), **fields}}


def _clock(plan: Plan, commission: Commission) -> datetime:
    return commission.clock(str(plan.get("timezone") or ""))


def _extended(task: Plan, job: Job, commission: Commission) -> Plan:
    more = [offer.name for offer in tools_for(job, commission.offers)[0] if offer.name not in task["tools"]]
    return {**task, "instructions": f"{task['instructions']} {job.text}", "tools": [*task["tools"], *more]}


def _new_rules(plan: Plan, jobs: Sequence[Job], commission: Commission) -> list[Mapping[str, str]]:
    ruled = {rule["tool"] for rule in plan["risk_policy"]["rules"]}
    changes = dict.fromkeys(offer.name for job in jobs for offer in tools_for(job, commission.offers)[1])
    return [{"tool": name, "rule": "ask"} for name in changes if name not in ruled]


def _with_less(plan: Plan, commission: Commission) -> Plan | None:
    """Drops the Tasks, or the sentences of Tasks, that the wish speaks of; something is always left."""
    if not _DROP.match(commission.wish):
        return None
    about = subject(_DROP.sub("", commission.wish))
    kept = [task for task in plan["tasks"] if not about & meanings(f"{task['name']} {task['title']}")]
    breakdown = [part for part in plan["breakdown"] if not about & meanings(part)]
    if kept and len(kept) < len(plan["tasks"]):
        return {**plan, "tasks": kept, "breakdown": breakdown}
    tasks = [_shortened(task, about, commission) for task in plan["tasks"]]
    return {**plan, "tasks": tasks, "breakdown": breakdown} if tasks != plan["tasks"] else None


def _shortened(task: Plan, about: frozenset[str], commission: Commission) -> Plan:
    clauses = [clause.text for clause in read_clauses(task["instructions"])[0] if clause.text]
    kept = tuple(clause for clause in clauses if not about & meanings(clause))
    if not kept or len(kept) == len(clauses):
        return task
    shorter = task_for(Job(clauses=kept), commission.offers, commission.now)
    return {**task, **{name: shorter[name] for name in ("title", "instructions", "tools", "outputs")}}


def _at_other_times(plan: Plan, commission: Commission) -> Plan | None:
    zone = find_zone(commission.wish)
    phrase = find_schedule(commission.wish)
    clock = _TIME.search(commission.wish)
    if not (zone or phrase or clock):
        return None
    meant = _meant(plan["tasks"], commission.wish)
    tasks = [
        _rescheduled(task, commission.wish, _clock(plan, commission)) if task["name"] in meant else task for task in plan["tasks"]
    ]
    if zone:
        tasks = [_in_zone(task, zone.name) if task["name"] in meant else task for task in tasks]
        plan = {**plan, "timezone": zone.name if len(meant) == len(tasks) else plan["timezone"]}
    return {**plan, "tasks": tasks}


def _rescheduled(task: Plan, wish: str, now: datetime) -> Plan:
    """A wish with a time of day and no days keeps the days as they are, and one with days only the time."""
    old, clock, phrase = task["trigger"], _TIME.search(wish), find_schedule(wish)
    if phrase and (phrase.schedule.once or phrase.schedule.happening):
        new = trigger_for(phrase.schedule, now)
    elif clock and not _SAYS_DAYS.search(wish):
        new = trigger_for(Schedule(cron=at_another_time(old.get("cron") or "", clock.group())), now)
    elif phrase:
        new = trigger_for(_at_the_time_before(phrase.schedule, str(old.get("cron") or "")), now)
    else:
        return task
    zone = {"timezone": old["timezone"]} if new["kind"] == "cron" and old.get("timezone") else {}
    return {**task, "trigger": {**new, **zone}}


def _at_the_time_before(schedule: Schedule, cron: str) -> Schedule:
    minute, hour, *_ = [*cron.split(" "), "", ""]
    if schedule.note != TIME_WAS_TAKEN or not (minute.isdigit() and re.fullmatch(r"[\d,]+", hour)):
        return schedule
    return Schedule(cron=" ".join([minute, hour, *schedule.cron.split(" ")[2:]]))


def _in_zone(task: Plan, zone: str) -> Plan:
    return {**task, "trigger": {**task["trigger"], "timezone": zone}} if task["trigger"]["kind"] == "cron" else task


def _meant(tasks: Sequence[Plan], wish: str) -> frozenset[str]:
    """Names of the Tasks whose titles the wish speaks of; all of them when it names none."""
    about = subject(wish)
    named = {task["name"] for task in tasks if about & meanings(f"{task['name']} {task['title']}")}
    return frozenset(named or {task["name"] for task in tasks})


def subject(text: str) -> frozenset[str]:
    """What a wish is about: "the cleaning" is about "clean"."""
    words = [word.removesuffix("ing") for word in content_words(text)]
    return meanings([*words, *content_words(text)]) - _VAGUE


_CHANGES: tuple[Callable[[Plan, Commission], Plan | None], ...] = (
    _with_renamed_task,
    _renamed,
    _with_channels,
    _with_more,
    _with_strategy,
    _with_less,
    _at_other_times,
)
"""The first that understands a wish fulfils it."""

"""Says what was understood of a goal, and asks for what is missing."""

from typing import Any

from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.goal import Job
from agent.builtin.rehearsal.offers import Offer, choose
from agent.builtin.rehearsal.schedule import Schedule

_WHEN = "When should it run? For example 'every day at 02:00', 'every 15 minutes' or 'when asked'."


def align(commission: Commission) -> dict[str, Any]:
    """An Alignment: one question each for a missing target and a missing schedule."""
    intent = commission.intent
    questions = [question for question, is_open in _questions(commission) if is_open]
    understood = " ".join(_told(job, commission) for job in intent.jobs) or "I do not know yet what to look after."
    return {
        "understanding": understood,
        "questions": questions,
        "timezone": intent.timezone if not _is_refused(intent.timezone, commission) else "",
    }


def when(schedule: Schedule | None, zone: str) -> str:
    """A schedule in words."""
    if schedule is None:
        return "at a time still to be said"
    if schedule.happening:
        return schedule.happening.said
    if schedule.following:
        return "after what comes before it"
    if schedule.once:
        return "once"
    return f"at cron times {schedule.cron!r} ({zone})" if schedule.cron else "when somebody asks for it"


def tools_for(job: Job, offers: tuple[Offer, ...]) -> tuple[tuple[Offer, ...], tuple[Offer, ...]]:
    """The tools that a job needs, in the order of the offers: all of them, and those that change something.

    Whoever finds out about an event, or sums up, may read whatever there is.
    """
    choices = [choose(clause, offers) for clause in job.clauses]
    changes = {offer.name for choice in choices for offer in choice.changes}
    names = changes | {offer.name for choice in choices for offer in choice.reads}
    if not names and job.schedule and (job.schedule.happening or job.schedule.following):
        names = {offer.name for offer in offers if not offer.changes}
    return tuple(offer for offer in offers if offer.name in names), tuple(offer for offer in offers if offer.name in changes)


def _questions(commission: Commission) -> list[tuple[str, bool]]:
    servers = sorted({offer.server for offer in commission.offers if offer.server})
    example = f"this {servers[0]}" if servers else "this host"
    spoken = [offer.spoken for offer in commission.offers if not offer.changes][:2]
    parts = f", or {' and '.join(spoken)}" if spoken else ""
    what = f"What should be looked at? For example {example}{parts}."
    return [(what, commission.intent.lacks_target), (_WHEN, commission.intent.lacks_schedule)]


def _told(job: Job, commission: Commission) -> str:
    needed, changes = tools_for(job, commission.offers)
    tools = ", ".join(offer.name for offer in needed) or "no tool that I was offered"
    asks = f" Before {', '.join(offer.name for offer in changes)} a person is asked." if changes else ""
    note = f" {job.schedule.note}" if job.schedule and job.schedule.note else ""
    zone = commission.intent.timezone or commission.zone
    return f"{job.text} This runs {when(job.schedule, zone)}, with {tools}.{asks}{note}"


def _is_refused(zone: str, commission: Commission) -> bool:
    return any("time zone" in problem and repr(zone) in problem for problem in commission.problems)

"""Reads a goal in English into jobs: what is to be done, clause by clause, and when."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.builtin.rehearsal.schedule import Schedule, SchedulePhrase, find_schedule
from agent.builtin.rehearsal.strategy import StrategyPhrase, find_strategies
from agent.builtin.rehearsal.times import ZonePhrase, find_zone
from agent.builtin.rehearsal.words import CHANGING, INSPECTING, content_words

_VERB = re.compile(rf"(?:also\s+|then\s+|please\s+)*(?:{'|'.join(sorted(INSPECTING | CHANGING))})\b", re.IGNORECASE)
_BREAK = re.compile(r"(?<=[.!?;])\s+|\n+|\s*,?\s+(?:and\s+then|and|then|but)\s+|\s*,\s+", re.IGNORECASE)
_CONDITION = re.compile(r"\s*(?:when|if|once|unless|as soon as|only if|only when)\b", re.IGNORECASE)
_FILLER = "\0"
_SENTENCE_END = re.compile(r"[.!?;\n]")
_EDGES = re.compile(
    r"^(?:[\s,.;:]|(?:and|then|also|please|but|in|using)\b)+|(?:[\s,;:]|\b(?:and|then|in|using|at))+$", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Clauses that run together, word for word but for the schedule; no schedule means: not said."""

    clauses: tuple[str, ...]
    schedule: Schedule | None = None
    strategy: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was said about how it runs, as fields of a Task's strategy."""

    @property
    def text(self) -> str:
        """The clauses as sentences."""
        return " ".join(f"{clause[0].upper()}{clause[1:].rstrip('.')}." for clause in self.clauses)


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What a person wants: jobs in the order of the text; `timezone` as named, empty when none was."""

    jobs: tuple[Job, ...]
    schedule: Schedule | None = None
    """A time that was said apart from any job; jobs without one of their own have it already."""
    timezone: str = ""

    @property
    def lacks_target(self) -> bool:
        """Whether nothing says what to look at."""
        return not self.jobs

    @property
    def lacks_schedule(self) -> bool:
        """Whether something has no time to start, and is not started by hand either."""
        return any(job.schedule is None for job in self.jobs) if self.jobs else self.schedule is None


@dataclass(frozen=True, kw_only=True)
class _Clause:
    text: str
    schedule: Schedule | None
    strategy: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_goal(goal: str, answers: Sequence[str] = ()) -> Intent:
    """The goal, completed from what was answered since: later schedules fill what is open, new clauses are added."""
    clauses, zone = read_clauses(goal)
    schedule = next((clause.schedule for clause in clauses if clause.schedule and not clause.text), None)
    strategy = _common(clauses)
    for answer in answers:
        more, named = read_clauses(answer)
        zone = named or zone
        schedule = next((clause.schedule for clause in more if clause.schedule), schedule)
        strategy |= _common(more)
        clauses += [_Clause(text=clause.text, schedule=None) for clause in more if _adds(clause, clauses)]
    jobs = _jobs([clause for clause in clauses if clause.text])
    timed = tuple(replace(job, schedule=job.schedule or schedule, strategy={**strategy, **job.strategy}) for job in jobs)
    return Intent(jobs=timed, schedule=schedule, timezone=zone)


def read_clauses(text: str) -> tuple[list[_Clause], str]:
    """`text` cut where a new verb or sentence begins, each clause with its schedule taken out; and the zone it names."""
    strategies = find_strategies(text)
    text = _without(text, strategies)
    zone = find_zone(text)
    phrases = _schedules(text, zone)
    spans = _spans(text, phrases)
    clauses = [_clause(text, start, end, phrases, zone) for start, end in spans]
    clauses = [
        replace(clause, strategy=_merged(phrase.fields for phrase in strategies if start <= phrase.start < end))
        for clause, (start, end) in zip(clauses, spans, strict=True)
    ]
    return _with_leading_schedules(clauses), zone.name if zone else ""


def _without(text: str, phrases: Sequence[StrategyPhrase]) -> str:
    """`text` with a filler where the phrases are, so that all places stay the same."""
    for phrase in phrases:
        text = text[: phrase.start] + _FILLER * (phrase.end - phrase.start) + text[phrase.end :]
    return text


def _merged(all_fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for fields in all_fields for name, value in fields.items()}


def _common(clauses: Sequence[_Clause]) -> dict[str, Any]:
    """What was said about how things run, apart from any of them: it holds for all."""
    return _merged(clause.strategy for clause in clauses if not clause.text)


def _adds(clause: _Clause, known: Sequence[_Clause]) -> bool:
    """Whether a clause of an answer says more to do: any content while nothing is known, else only one with a verb."""
    is_open = not any(one.text for one in known)
    return bool(clause.text) and clause.text not in [one.text for one in known] and (is_open or bool(_VERB.match(clause.text)))


def _schedules(text: str, zone: ZonePhrase | None) -> list[SchedulePhrase]:
    hidden = text[: zone.start] + " " * (zone.end - zone.start) + text[zone.end :] if zone else text
    found: list[SchedulePhrase] = []
    start = 0
    while phrase := find_schedule(hidden[start:]):
        found.append(SchedulePhrase(start=start + phrase.start, end=start + phrase.end, schedule=phrase.schedule))
        start += phrase.end
    return found


def _spans(text: str, phrases: Sequence[SchedulePhrase]) -> list[tuple[int, int]]:
    cuts = [0]
    for match in _BREAK.finditer(text):
        is_inside = any(phrase.start < match.end() <= phrase.end for phrase in phrases)
        is_held = "," in match.group() and _CONDITION.match(text, cuts[-1])  # "if it is full, clean it" is one clause
        if not is_inside and not is_held and _begins_clause(text, match, phrases):
            cuts.append(match.end())
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def _with_leading_schedules(clauses: Sequence[_Clause]) -> list[_Clause]:
    """In "every night, look at X" the time stands alone before what it is for."""
    joined: list[_Clause] = []
    for clause in clauses:
        if joined and not joined[-1].text and clause.text:
            clause = replace(clause, schedule=clause.schedule or joined[-1].schedule)
            joined[-1] = replace(joined[-1], schedule=None)
        joined.append(clause)
    return joined


def _begins_clause(text: str, gap: re.Match[str], phrases: Sequence[SchedulePhrase]) -> bool:
    if _SENTENCE_END.search(text, max(gap.start() - 1, 0), gap.end()):
        return True
    start = next((phrase.end for phrase in phrases if phrase.start == gap.end()), gap.end())
    return _VERB.match(text.lstrip(" ,") if start == 0 else text[start:].lstrip(" ,")) is not None


def _clause(text: str, start: int, end: int, phrases: Sequence[SchedulePhrase], zone: ZonePhrase | None) -> _Clause:
    inside = [phrase for phrase in phrases if start <= phrase.start < end]
    taken = [(phrase.start, phrase.end) for phrase in inside] + ([(zone.start, zone.end)] if zone else [])
    kept = "".join(" " if any(first <= place < last for first, last in taken) else text[place] for place in range(start, end))
    rest = _EDGES.sub("", " ".join(kept.replace(_FILLER, " ").split()).rstrip(".!?; "))
    rest = re.sub(r"\s+([,.;])", r"\1", rest)
    return _Clause(text=rest if content_words(rest) else "", schedule=inside[0].schedule if inside else None)


def _jobs(clauses: Sequence[_Clause]) -> list[Job]:
    """Clauses without a time run with the ones before them, the first ones with those after.

    Where something waits for "both" or "all", each of these is a job of its own.
    """
    if any(_waits_for_several(clause) for clause in clauses):
        return _jobs_apart(clauses)
    jobs: list[Job] = []
    for clause in clauses:
        if jobs and (clause.schedule is None or jobs[-1].schedule in (None, clause.schedule)):
            jobs[-1] = _joined(jobs[-1], clause)
        else:
            jobs.append(_job(clause))
    return jobs


def _waits_for_several(clause: _Clause) -> bool:
    following = clause.schedule.following if clause.schedule else None
    return following is not None and following.which in ("both", "all")


def _jobs_apart(clauses: Sequence[_Clause]) -> list[Job]:
    jobs: list[Job] = []
    for clause in clauses:
        if jobs and clause.schedule is None and jobs[-1].schedule and jobs[-1].schedule.following:
            jobs[-1] = _joined(jobs[-1], clause)
            continue
        if _waits_for_several(clause) and len(jobs) == 1:
            jobs = _taken_apart(jobs[0])
        jobs.append(_job(clause))
    times = [job.schedule for job in jobs if job.schedule and not job.schedule.following]
    return [replace(job, schedule=job.schedule or next(iter(times), None)) for job in jobs]


def _taken_apart(job: Job) -> list[Job]:
    """ "Inspect the disks and the memory" as two jobs."""
    clause = job.clauses[0]
    verb = _VERB.match(clause)
    parts = re.split(r"\s+and\s+", clause[verb.end() :], maxsplit=1) if verb and len(job.clauses) == 1 else []
    return [replace(job, clauses=(f"{clause[: verb.end()]} {part.strip()}",)) for part in parts] if verb and parts else [job]


def _job(clause: _Clause) -> Job:
    return Job(clauses=(clause.text,), schedule=clause.schedule, strategy=clause.strategy)


def _joined(job: Job, clause: _Clause) -> Job:
    return Job(
        clauses=(*job.clauses, clause.text),
        schedule=job.schedule or clause.schedule,
        strategy={**job.strategy, **clause.strategy},
    )

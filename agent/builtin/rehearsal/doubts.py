"""Says what in a wish could be meant in another way than it would be read: such a wish is asked back and changes nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.builtin.rehearsal.changing import subject
from agent.builtin.rehearsal.following import FOLLOWING
from agent.builtin.rehearsal.schedule import find_schedule
from agent.builtin.rehearsal.times import TIME
from agent.builtin.rehearsal.words import meanings

Tasks = Sequence[Mapping[str, Any]]

_NOT = r"(?:do\s+not|don't|never|must\s+not|mustn't|should\s+not|shouldn't|no\s+need\s+to)"
_DEEDS = (
    "drop remove delete leave skip run start execute trigger kick fire do rename call name change move add launch make set use"
    " notify send tell"
)
_NEGATED = re.compile(rf"\b{_NOT}\s+(?:\w+\s+)?(?:{'|'.join(_DEEDS.split())})\b", re.IGNORECASE)
_ONLY_OTHERWISE = re.compile(
    r"\b(?:unless|except|apart\s+from|other\s+than|as\s+long\s+as|until|till|during|instead\s+of|replace)\b"
    r"|(?:,|\bbut|\band)\s*not\b|\bfor\s+the\s+(?:next|rest)\b|\bfor\s+(?:a|one|two|three|\d+)\s+(?:day|week|month)s?\b",
    re.IGNORECASE,
)
_ONE_TIME_LESS = re.compile(
    r"^(?:skip|leave\s+out|drop|cancel)\b.*\b(?:tonight|today|tomorrow|this|next|tonight's|today's|tomorrow's|\w+day's)\b",
    re.IGNORECASE,
)
_WITHOUT_A_SUBJECT = re.compile(
    r"^(?:also\s+|and\s+)?(?:add|include)\s+(?:a|an|one|another|some|more)?\s*(?:new\s+|more\s+)?"
    r"(?:tasks?|checks?|inspections?|jobs?|one|something)?$",
    re.IGNORECASE,
)
_ADDS = re.compile(r"^(?:also|add|include|additionally)\b", re.IGNORECASE)
_RUN = re.compile(r"^(?:run|start|execute|do)\b", re.IGNORECASE)
_FOLLOWS = re.compile(rf"\b(?:{'|'.join(FOLLOWING)})(?!\w)", re.IGNORECASE)
_WHEN = re.compile(
    rf"\b(?:{TIME}|(?:at|to)\s+\d{{1,2}}\b|hourly|daily|nightly|weekly|monthly|every\s+\w+|tomorrow|tonight)", re.IGNORECASE
)


def doubt(wish: str, tasks: Tasks) -> str:
    """A question back; empty for what can be read in one way only."""
    return next((said for ask in _DOUBTS if (said := ask(wish, tasks))), "")


def _negated(wish: str, _: Tasks) -> str:
    return f"Do I read {wish!r} right, that nothing is to be done? Then there is nothing to say." if _NEGATED.search(wish) else ""


def _conditional(wish: str, _: Tasks) -> str:
    found = _ONLY_OTHERWISE.search(wish)
    return f"I can't keep the condition {found.group().strip(' ,')!r} of {wish!r}. What holds always?" if found else ""


def _one_time_less(wish: str, _: Tasks) -> str:
    if not _ONE_TIME_LESS.search(wish):
        return ""
    return (
        f"A plan can't leave out a single time, as {wish!r} says. `missions cancel RUN` ends a run, `missions disable` pauses the"
        " whole Mission. Or is the Task to be dropped?"
    )


def _without_a_subject(wish: str, _: Tasks) -> str:
    return "What is the new Task to look at, and when?" if _WITHOUT_A_SUBJECT.match(wish) else ""


def _more_of_which(wish: str, tasks: Tasks) -> str:
    """Without a time of its own, more work belongs to a Task that there is: to which, where there are several?"""
    if len(tasks) < 2 or not _ADDS.match(wish) or find_schedule(wish):
        return ""
    return f"When is {wish!r} to be done? For example 'also check the memory every day at 8'."


def _after_which(wish: str, tasks: Tasks) -> str:
    """Only new Tasks are put behind others: the Tasks that there are keep their own times."""
    if not _FOLLOWS.search(wish) or _ADDS.match(wish) or len(_named(wish, tasks)) < 2:
        return ""
    return f"I can't put one Task that there is after another, as {wish!r} says. Drop it, then say 'also after … check …'."


def _several_times(wish: str, tasks: Tasks) -> str:
    if len(_named(wish, tasks)) < 2 or len(_WHEN.findall(wish)) < 2:
        return ""
    return f"Say each Task with its time in a sentence of its own; in {wish!r} I can't tell which time belongs to which."


def _once_or_always(wish: str, tasks: Tasks) -> str:
    """ "Run the disk check tomorrow at 9" hardly means that it is to stop running every day."""
    phrase = find_schedule(wish)
    if phrase is None or phrase.schedule.once is None or not _RUN.match(wish):
        return ""
    repeated = [task for task in _named(wish, tasks) if str(task["trigger"].get("kind")) in ("cron", "event")]
    if not repeated:
        return ""
    return (
        f"Is {wish!r} to take the place of the times that {repeated[0]['name']!r} has? I can only do that ('check … tomorrow at 9"
        " once'), run it right now ('run … now'), or add a Task for it ('also …')."
    )


def _named(wish: str, tasks: Tasks) -> list[Mapping[str, Any]]:
    about = subject(wish)
    return [task for task in tasks if about & meanings(f"{task['name']} {task['title']}")]


_DOUBTS: tuple[Callable[[str, Tasks], str], ...] = (
    _negated,
    _conditional,
    _one_time_less,
    _without_a_subject,
    _more_of_which,
    _after_which,
    _several_times,
    _once_or_always,
)

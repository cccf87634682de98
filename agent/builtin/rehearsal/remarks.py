"""Reads what a person says about a Mission that is there: changes, runs, questions; or asks back, by rule."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from agent.builtin.rehearsal.changing import NOT_UNDERSTOOD, changed, subject
from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.doubts import doubt
from agent.builtin.rehearsal.parting import apart
from agent.builtin.rehearsal.schedule import find_schedule
from agent.builtin.rehearsal.words import INSPECTING, meanings
from blueprint.plan import Blueprint
from blueprint.problems import explain
from blueprint.validation import Surroundings, find_problems

_LEADING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|ok|okay|thanks|thank\s+you|well|so|and|then|now)\b[\s,.!:]*|(?:please|kindly|just)\b\s*,?\s*"
    r"|(?:can|could|would|will)\s+(?:you|we)\s+(?:please\s+)?|(?:i|we)(?:'d|\s+would)\s+like\s+(?:you\s+)?to\s+"
    r"|(?:i|we)\s+(?:want|need)\s+(?:you\s+)?to\s+|let(?:'s|\s+us)\s+)+",
    re.IGNORECASE,
)
_POLITE = re.compile(r"\W*(?:\w+[\s,]+){0,3}?(?:can|could|would|will)\s+(?:you|we)\b", re.IGNORECASE)
_TRAILING = re.compile(r"[\s,]*(?:\bplease\b|\bthanks\b|\bthank\s+you\b)?[\s.!]*$", re.IGNORECASE)
_WHAT = r"(?:it|this|that|them|everything|all(?:\s+of\s+(?:it|them))?|(?:the|this)\s+(?:whole\s+)?mission)"
_UNCLEAR = re.compile(rf"^(?:stop|halt|end|abort|kill|quit|undo|cancel)(?:\s+{_WHAT})?(?:\s+(?:now|all))?$", re.IGNORECASE)
_BY_COMMAND = {
    "disable": rf"^(?:pause|disable|suspend|deactivate|switch\s+off|turn\s+off)(?:\s+{_WHAT})?(?:\s+now)?$",
    "enable": rf"^(?:resume|enable|unpause|reactivate|go\s+on|continue|switch\s+on|turn\s+on)(?:\s+(?:with\s+)?{_WHAT})?$",
    "delete": rf"^(?:delete|erase|remove|destroy|get\s+rid\s+of|forget)\s+{_WHAT}$",
    "launch": rf"^(?:launch|deploy|activate)(?:\s+{_WHAT})?$",
    "cancel": r"^(?:cancel|stop|abort|kill|end)\s+(?:the|that|this|my|all)\s+(?:\w+\s+){0,3}?(?:runs?|running\s+\w+.*)$",
    "reply": r"^(?:approve|reject|approved|rejected|yes|no|deny|allow\s+it)\b",
}
_LOOSER = re.compile(
    r"\b(?:without\s+(?:asking|approval|confirmation)|(?:do\s+not|don't|never|no\s+need\s+to|stop|quit)\s+ask(?:ing)?\b"
    r"|no\s+(?:more\s+)?approvals?|auto-?approve|approve\s+(?:everything|all)|always\s+(?:allow|approve)|skip\s+(?:the\s+)?approvals?)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:what|how|why|when|which|who|is|are|was|were|did|does|do\s+(?:you|we)|has|have|had|any|anything)\b"
    r"|^(?:tell|show|give|explain|describe|summari[sz]e|report|list|status|remind)\b|\?$",
    re.IGNORECASE,
)
_TOPICS = {
    "plan": r"\b(?:plans?|planned|explain|strategy|schedules?|approach|tasks?|do(?:es)?\s+(?:you|it|this)|blueprint|for)\b",
    "findings": r"\b(?:find|found|findings?|problems?|issues?|wrong|results?|errors?|reports?|warnings?|critical|broken)\b",
    "state": r"\b(?:state|status|stand|going|running|next|last|runs?|progress|waiting|open|doing|up|when|often|active|failed)\b",
}
_RUNS = re.compile(r"^(?:run|start|execute|trigger|kick\s+off|fire|do|launch|perform)\s+(?P<what>.+)$", re.IGNORECASE)
_LOOKS_NOW = re.compile(rf"^(?:{'|'.join(sorted(INSPECTING))}|clean)\b(?P<what>.+)\b(?:right\s+)?now$", re.IGNORECASE)
_NOW = re.compile(
    r"\s*\b(?:right\s+now|right\s+away|straight\s+away|now|immediately|at\s+once|once|again|by\s+hand|for\s+me)\b", re.IGNORECASE
)
_PRONOUN = re.compile(r"^(?:it|this|that|them|the\s+(?:task|check|inspection|job))$", re.IGNORECASE)
_EVERY_TASK = re.compile(
    r"^(?:everything|all(?:\s+of\s+them)?|all\s+(?:the\s+)?(?:tasks|checks|inspections)|both(?:\s+(?:tasks|checks|inspections))?)$",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"^(?:drop|remove|delete|leave\s+out)\s+(?:everything|all(?:\s+(?:the\s+)?tasks)?|both(?:\s+tasks)?)$", re.IGNORECASE
)


_PAST = re.compile(r"\byesterday\b|\bat\s.*\blast\s+(?:night|week|month|\w+day)\b", re.IGNORECASE)
_CHANNELS = re.compile(r"^(?:notify|inform|alert)\b|\bchannels?\b|\bnotifications?\s+(?:to|by|via|through)\b", re.IGNORECASE)
_BEGINS_WORK = re.compile(rf"^(?:{'|'.join(sorted(INSPECTING | {'clean'}))})\b", re.IGNORECASE)


class _AskBack(Exception):
    """The message is not clear; the text is the question."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one part of the message wants."""

    change: str = ""
    runs: tuple[str, ...] = ()
    topic: str = ""


def understand(commission: Commission) -> dict[str, Any]:
    """An Understood as JSON: all that the message wants, or only a question."""
    before, read = commission, list[_Part]()
    try:
        for text in _parts(commission.message):
            part = _read(text, before)
            if part.change:
                before = _after(part.change, before)
            read.append(part)
    except _AskBack as question:
        return {"changes": [], "runs": [], "topics": [], "question": str(question)}
    return {
        "changes": [part.change for part in read if part.change],
        "runs": list(dict.fromkeys(name for part in read for name in part.runs)),
        "topics": list(dict.fromkeys(part.topic for part in read if part.topic)),
        "question": "" if read else "What is to be done? For example 'run the disk check now' or 'also check the memory at 8'.",
    }


def _parts(message: str) -> list[str]:
    """The message cut where a new wish begins, without courtesies; a question keeps its mark."""
    parts = apart(message)
    plain = [_TRAILING.sub("", _LEADING.sub("", part).rstrip("? ")) for part in parts]
    return [f"{text}?" if _is_question(part) else text for text, part in zip(plain, parts, strict=True) if text]


def _is_question(text: str) -> bool:
    """A polite command ends with a question mark, too."""
    return text.rstrip().endswith("?") and not _POLITE.match(text)


def _read(text: str, commission: Commission) -> _Part:
    text = text.strip()
    bare = text.rstrip("?").strip()
    _refuse(bare)
    if topic := _topic(text):
        return _Part(topic=topic)
    if question := doubt(bare, commission.tasks):
        raise _AskBack(question)
    if runs := _run_now(bare, commission):
        return _Part(runs=runs)
    if _CHANNELS.search(bare) and not any(name in bare.lower() for name in commission.channels):
        listed = ", ".join(commission.channels) or "none yet"
        raise _AskBack(f"Which channel do you mean by {bare!r}? There are: {listed}.")
    return _Part(change=_as_addition(bare, commission))


def _as_addition(text: str, commission: Commission) -> str:
    """ "Check the memory at 8", where no Task is about the memory, is a new Task and no change of the others."""
    about = subject(text)
    is_known = any(about & meanings(f"{task['name']} {task['title']}") for task in commission.tasks)
    return f"also {text}" if _BEGINS_WORK.match(text) and about and not is_known else text


def _refuse(text: str) -> None:
    if _LOOSER.search(text):
        raise _AskBack(
            "I can't loosen what needs approval: only people write such rules, with `missions rules`. What else is to change?"
        )
    if _UNCLEAR.match(text):
        raise _AskBack(
            f"What do you mean by {text!r}: cancel the run that works now (`missions cancel RUN`), pause the whole Mission"
            " (`missions disable`), or drop a Task? Name it."
        )
    for name, pattern in _BY_COMMAND.items():
        if re.match(pattern, text, re.IGNORECASE):
            raise _AskBack(
                f"{text!r} is not done by talking; the command is `missions {name}`. Is there anything in the plan to change?"
            )
    if _PAST.search(text):
        raise _AskBack(f"The time in {text!r} has passed. When is it to be?")
    if _TOO_MUCH.match(text):
        raise _AskBack("A plan needs at least one Task. Which one is to stay? To be rid of all there is `missions delete`.")


def _topic(text: str) -> str:
    """What a question is about; empty for what is no question."""
    if not _ASKS.search(text) or (not text.endswith("?") and re.match(r"^(?:show|give|list|report)\s+me\s+nothing", text)):
        return ""
    if not text.endswith("?") and find_schedule(text) and not re.match(r"^(?:what|how|when|why|which)\b", text, re.IGNORECASE):
        return ""  # "report the disks every Friday" is a wish
    found = [topic for topic, pattern in _TOPICS.items() if re.search(pattern, text, re.IGNORECASE)]
    if "findings" in found:
        return "findings"
    return "plan" if found[:1] == ["plan"] and "state" not in found else (found[-1] if found else "state")


def _run_now(text: str, commission: Commission) -> tuple[str, ...]:
    """The Tasks that are to run at once; nothing for what names a time, which is a change."""
    match = _RUNS.match(text) or _LOOKS_NOW.match(text)
    if match is None or find_schedule(_NOW.sub("", text)):
        return ()
    what, tasks = _NOW.sub("", match["what"]).strip(" ,."), commission.tasks
    names = [str(task["name"]) for task in tasks]
    if _EVERY_TASK.match(what):
        return tuple(names)
    if _PRONOUN.match(what):
        if len(names) == 1:
            return (names[0],)
        raise _AskBack(f"Which Task do you mean? There are: {', '.join(names)}.")
    return tuple(one for said in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", what) for one in _named(said, tasks, text))


def _named(what: str, tasks: Sequence[Mapping[str, Any]], said: str) -> tuple[str, ...]:
    """The Task that `what` names: by its name, else the one that shares most words with it."""
    by_name = [str(task["name"]) for task in tasks if str(task["name"]) == what.strip().lower().replace(" ", "-")]
    about = subject(what)
    shared = {str(task["name"]): len(about & meanings(f"{task['name']} {task['title']}")) for task in tasks}
    most = max(shared.values(), default=0)
    found = by_name or [name for name, count in shared.items() if count == most and most]
    if len(found) == 1:
        return (found[0],)
    listed = ", ".join(found or shared)
    raise _AskBack(f"Which Task do you mean by {said!r}? {'It could be' if found else 'There are'}: {listed}.")


def _after(wish: str, commission: Commission) -> Commission:
    """The commission with the wish fulfilled; a question for what is not understood or can't be."""
    draft = changed(replace(commission, wish=wish))
    if str(draft.get("approach") or "").startswith(NOT_UNDERSTOOD):
        raise _AskBack(f"I did not understand {wish!r}. What is to be different? Name the Task and say it in other words.")
    try:
        plan = Blueprint.model_validate(draft)
    except ValidationError as error:
        raise _AskBack(f"{wish!r} can't be done: {' '.join(str(problem) for problem in explain(error))} What instead?") from error
    around = Surroundings(now=commission.now, tools=[offer.name for offer in commission.offers], channels=commission.channels)
    if problems := find_problems(plan, around):
        raise _AskBack(f"{wish!r} can't be done: {' '.join(str(problem) for problem in problems)} What instead?")
    if plan == Blueprint.model_validate(commission.previous):
        raise _AskBack(f"{wish!r} would change nothing: the plan says so already. What is to be different?")
    return replace(commission, previous=draft)

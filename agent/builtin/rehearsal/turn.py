"""Works on a Task, one answer at a time: read, then change what is asked for and warranted, then conclude."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.builtin.rehearsal import deeds
from agent.builtin.rehearsal.arguments import Arguments, fill
from agent.builtin.rehearsal.conclusion import Undone, conclusion
from agent.builtin.rehearsal.conditions import Check, check
from agent.builtin.rehearsal.goal import read_clauses
from agent.builtin.rehearsal.offers import Choice, Offer, choose
from agent.builtin.rehearsal.results import Result, read_results
from agent.builtin.rehearsal.shapes import text_of
from agent.builtin.rehearsal.spoken import Spoken, SpokenCall
from agent.builtin.rehearsal.words import CHANGING, INSPECTING, content_words, without_forbidden, words_of

CONCLUDE, ASK_PERSON = "conclude", "ask_person"
_OF_THE_RUN = (CONCLUDE, ASK_PERSON, "note", "read_result", "search_result")
"""Tools with which nothing is looked at and nothing changed."""
_CALLS_AT_ONCE = 2
_AFTER_INSTRUCTIONS = re.compile(r"^(?:The report must answer:|It belongs to the Mission |It is \d{4}-)", re.MULTILINE)
_HEADING = re.compile(r"^#.*$", re.MULTILINE)
_JUST_TELLS = frozenset("tell report show list summarise summarize notify".split())


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A call that a clause asks for."""

    clause: str
    choice: Choice
    offer: Offer
    arguments: Arguments


@dataclass(frozen=True, kw_only=True)
class _Work:
    """All that the conversation says: what is asked for, what is offered, and what came back."""

    clauses: tuple[tuple[str, Choice], ...]
    offers: tuple[Offer, ...]
    results: tuple[Result, ...]
    answers: tuple[Result, ...]

    def wanted(self, *, changes: bool) -> Iterator[_Wanted]:
        """The calls asked for that were not made yet, each tool once."""
        made = {result.offer.name for result in self.results}
        told = " ".join([*(clause for clause, _ in self.clauses), *(answer.text for answer in self.answers)])
        for clause, choice in self.clauses:
            for offer in choice.changes if changes else choice.reads:
                if offer.name not in made:
                    made.add(offer.name)
                    yield _Wanted(clause=clause, choice=choice, offer=offer, arguments=fill(offer.parameters, clause, told))


def take_turn(messages: Sequence[dict[str, Any]], offers: Sequence[Offer]) -> Spoken:
    """The next answer of a run: one or two calls that read, one question, one call that changes, or the end."""
    work = _read(messages, offers)
    names = {offer.name for offer in offers}
    ready = [wanted for wanted in work.wanted(changes=False) if not wanted.arguments.missing]
    if ready:
        return _look(ready[:_CALLS_AT_ONCE])
    if ASK_PERSON in names and not work.answers and (lacking := _lacking(work)):
        return _ask(lacking)
    for wanted in work.wanted(changes=True):
        verdict = check(wanted.clause, wanted.choice, work.results)
        if verdict.holds and not wanted.arguments.missing:
            return _change(wanted, verdict)
    return _end(work, can_conclude=CONCLUDE in names)


def instructions(text: str) -> str:
    """The part of a first message that says what to do, without headings and what surrounds it."""
    end = _AFTER_INSTRUCTIONS.search(text)
    return _HEADING.sub("", text[: end.start()] if end else text).strip()


def _read(messages: Sequence[dict[str, Any]], offers: Sequence[Offer]) -> _Work:
    first = next((text_of(message) for message in messages if message.get("role") == "user"), "")
    tools = tuple(offer for offer in offers if offer.name not in _OF_THE_RUN)
    clauses, _ = read_clauses(instructions(first))
    results = read_results(messages, offers)
    return _Work(
        clauses=tuple((clause.text, choose(clause.text, tools)) for clause in clauses if clause.text),
        offers=tools,
        results=tuple(result for result in results if result.offer in tools),
        answers=tuple(result for result in results if result.offer.name == ASK_PERSON),
    )


def _look(wanted: Sequence[_Wanted]) -> Spoken:
    names = " and ".join(one.offer.spoken for one in wanted)
    return Spoken(
        text=f"Next I look at {names}, because the task says: {wanted[0].clause!r}.",
        thoughts=f"Tools that fit the task and were not called yet: {', '.join(one.offer.name for one in wanted)}.",
        calls=tuple(SpokenCall(name=one.offer.name, arguments=one.arguments.values) for one in wanted),
    )


def _lacking(work: _Work) -> list[_Wanted]:
    """Calls that a clause names and that can't be made, since the text does not say with what."""
    reads = [wanted for wanted in work.wanted(changes=False) if not wanted.choice.is_broad]
    return [wanted for wanted in [*reads, *work.wanted(changes=True)] if wanted.arguments.missing]


def _ask(lacking: Sequence[_Wanted]) -> Spoken:
    wanted = lacking[0]
    needed = ", ".join(wanted.arguments.missing)
    why = f"For {wanted.clause!r} I want to call {wanted.offer.spoken}. It needs: {needed}."
    arguments: dict[str, Any] = {
        "kind": "information",
        "title": f"{needed} for {wanted.offer.spoken}?"[:120],
        "text": f"{why} Put names in quotes; write paths in full.",
        "options": [],
    }
    return Spoken(
        text=f"I ask a person for {needed}, which the task does not say.",
        thoughts=f"No value fits {needed} of {wanted.offer.name}.",
        calls=(SpokenCall(name=ASK_PERSON, arguments=arguments),),
    )


def _change(wanted: _Wanted, verdict: Check) -> Spoken:
    values = ", ".join(f"{name} = {value!r}" for name, value in wanted.arguments.values.items())
    unsaid = ", ".join(wanted.arguments.assumed)
    assumed = f" The task does not say {unsaid}; I take what the tool offers." if unsaid else ""
    because = f" {verdict.reason[0].upper()}{verdict.reason[1:]}." if verdict.reason else ""
    return Spoken(
        text=f"The task says: {wanted.clause!r}.{because} So I call {wanted.offer.spoken} with {values or 'nothing'}.{assumed}",
        thoughts=f"{wanted.offer.name} changes something; the task asks for it, and nothing speaks against it.",
        calls=(SpokenCall(name=wanted.offer.name, arguments=wanted.arguments.values),),
    )


def _end(work: _Work, *, can_conclude: bool) -> Spoken:
    done = conclusion(work.results, tuple(_undone(work)))
    if not can_conclude:
        return Spoken(text=done["summary"], thoughts="There is nothing more to call.")
    return Spoken(
        text="All that the task asks for was done or tried, so I conclude.",
        thoughts=f"{len(work.results)} results; no tool is left that fits the task.",
        calls=(SpokenCall(name=CONCLUDE, arguments=done),),
    )


def _undone(work: _Work) -> Iterator[Undone]:
    for clause, choice in work.clauses:
        if not choice.reads and not choice.changes and _is_order(clause):
            yield Undone(text=f"No tool fits {clause!r}.")
    for wanted in _lacking(work):
        needed = ", ".join(wanted.arguments.missing)
        yield Undone(text=f"{wanted.offer.spoken} could not be called: the task does not say {needed}.")
    for wanted in work.wanted(changes=True):
        verdict = check(wanted.clause, wanted.choice, work.results)
        if verdict.holds is not True and not wanted.arguments.missing:
            yield _unmet(wanted.offer, verdict)


def _unmet(offer: Offer, verdict: Check) -> Undone:
    reason = f"{verdict.reason[0].upper()}{verdict.reason[1:]}."
    if verdict.holds is False:
        return Undone(text=reason, needless=deeds.needless(offer), evidence=verdict.evidence)
    return Undone(text=f"{deeds.not_done(offer)}. {reason}", evidence=verdict.evidence)


def _is_order(clause: str) -> bool:
    """Whether a clause asks for something to be looked at or done; "tell me about it" does not."""
    verb = next((word for word in words_of(clause) if word in INSPECTING | CHANGING), "")
    allowed = without_forbidden(clause) == clause
    return allowed and bool(content_words(clause)) and verb not in _JUST_TELLS

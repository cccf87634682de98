"""Turns what a person says at any door into the one typed answer to one request, or says why it is none (R5.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from blueprint.errors import InvalidInput
from blueprint.reading import Unclear, objection, read_words
from blueprint.requests import Answer, ChoiceQuestion, Decision, InformationQuestion, Request, fitting_decisions
from blueprint.wording import LONGEST


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a person says: words, and a decision where one was chosen from those that fit. Without one the words are read."""

    text: str = ""
    decision: Decision | None = None
    choice: str = ""
    answers: tuple[str, ...] = ()


def read_answer(request: Request, said: Reply, *, by: str, at: datetime) -> Answer:
    """The typed answer. InvalidInput, with the reason, for what is not clearly one decision about this request."""
    for text in (said.text, *said.answers):
        if len(text) > LONGEST:
            raise InvalidInput(f"The answer has {len(text):,} characters; at most {LONGEST:,} are kept. Say it in short.")
    decided = _decided(request, said)
    assert decided.decision is not None, "a reply is decided or refused"
    _refuse_unfitting(request, decided.decision, said.text)
    answers = _one_each(request.question, said) if isinstance(request.question, InformationQuestion) else said.answers
    choice = _option(request.question, decided) if isinstance(request.question, ChoiceQuestion) else ""
    return Answer(
        decision=decided.decision,
        text=said.text,
        answers=answers,
        choice=choice,
        is_read=said.decision is None and len(fitting_decisions(request.question)) > 1,
        by=by,
        at=at,
    )


def _decided(request: Request, said: Reply) -> Reply:
    """The reply with its decision: the chosen one, else what its words are read as."""
    fitting: Sequence[Decision] = fitting_decisions(request.question)
    if said.decision is not None:
        return said
    if said.choice or isinstance(request.question, InformationQuestion):
        return replace(said, decision=fitting[0])
    read = read_words(said.text, request.question)
    if isinstance(read, Unclear):
        raise InvalidInput(read.reason)
    return replace(said, decision=read.decision, choice=read.choice)


def _refuse_unfitting(request: Request, decision: Decision, text: str) -> None:
    fitting: Sequence[Decision] = fitting_decisions(request.question)
    if decision not in fitting:
        ways = " or ".join(f"`{way}`" for way in fitting)
        raise InvalidInput(f"{decision!s} does not answer {request.title!r}; it takes: {ways}.")
    if decision is Decision.CHANGE and not text.strip():
        raise InvalidInput(f"{request.title!r}: say in words what is to be different.")
    if problem := objection(decision, text):
        raise InvalidInput(problem)


def _option(question: ChoiceQuestion, said: Reply) -> str:
    """The option that was chosen, by its words or its number; empty for another way, which the text tells."""
    numbered = {str(number): option for number, option in enumerate(question.options, start=1)}
    given = said.choice.strip()
    chosen = given if given in question.options else numbered.get(given, given)
    if chosen and chosen not in question.options:
        listed = "; ".join(f"{number}: {option!r}" for number, option in numbered.items())
        raise InvalidInput(f"{said.choice!r} is none of the options: {listed}.")
    if not chosen and not said.text.strip():
        raise InvalidInput("Choose an option by its number or its words, or say another way in your words.")
    return chosen


def _one_each(question: InformationQuestion, said: Reply) -> tuple[str, ...]:
    """An answer for each question; one text for all when only one is given."""
    given = tuple(text for text in said.answers or (said.text,) if text.strip())
    if len(given) == 1:
        return given * len(question.questions)
    if not given:
        raise InvalidInput("The answer is empty; say it in words.")
    if len(given) != len(question.questions):
        raise InvalidInput(f"There are {len(question.questions)} questions and {len(given)} answers; give one text for each.")
    return given

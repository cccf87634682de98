"""Blueprint templates: a plan with named gaps, and the questions whose answers fill them (R2.9).

A gap is `${name}` in a text. Nothing is computed: an answer takes the place of its gap, and is never read again.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import cast

from pydantic import Field, JsonValue, ValidationError

from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.plan import Blueprint
from blueprint.problems import explain, shown
from blueprint.triggers import checked_cron
from blueprint.values import Value, known_timezone

_GAP = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
LONGEST_ANSWER = 2_000


class AnswerKind(StrEnum):
    """What an answer must be."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    CRON = "cron"
    TIMEZONE = "timezone"


class Question(Value):
    """Something that a template needs to know. Without a default it has to be answered."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40, description="The gap that the answer fills.")
    text: str = Field(min_length=1, max_length=300, description="What is asked.")
    kind: AnswerKind = Field(default=AnswerKind.TEXT, description="text, number, list (separated by commas), cron or timezone.")
    default: str | None = Field(default=None, max_length=LONGEST_ANSWER, description="The answer when none is given.")


class Template(Value):
    """A plan with gaps. A text that is one gap and nothing else becomes the answer itself: a number, a list."""

    title: str = Field(min_length=1, max_length=120)
    about: str = Field(min_length=1, max_length=1_000, description="What the Mission will do, for choosing.")
    questions: tuple[Question, ...] = Field(default=(), max_length=30)
    blueprint: dict[str, JsonValue] = Field(description="A Blueprint, with gaps in its texts.")

    def missing(self, answers: Mapping[str, str]) -> tuple[Question, ...]:
        """The questions that have neither an answer nor a default."""
        return tuple(question for question in self.questions if question.name not in answers and question.default is None)

    def fill(self, answers: Mapping[str, str]) -> Blueprint:
        """The plan with these answers. InvalidInput for answers that do not fit, InvalidBlueprint for what comes of it."""
        values = self._values(answers)
        try:
            return Blueprint.model_validate(_filled(self.blueprint, values))
        except ValidationError as error:
            raise InvalidBlueprint([str(problem) for problem in explain(error)]) from error

    def _values(self, answers: Mapping[str, str]) -> dict[str, JsonValue]:
        names = [question.name for question in self.questions]
        if unknown := [name for name in answers if name not in names]:
            raise InvalidInput(f"{unknown[0]!r} is no question of this template; available: {', '.join(names) or 'none'}.")
        if open_ones := self.missing(answers):
            ways = "; ".join(f"{question.name}=VALUE ({question.text})" for question in open_ones)
            raise InvalidInput(f"The template needs answers to: {ways}")
        return {
            question.name: _value(question, answers.get(question.name, question.default or "")) for question in self.questions
        }


def gaps(value: JsonValue) -> set[str]:
    """The names of all gaps in a document."""
    match value:
        case str():
            return set(_GAP.findall(value))
        case list():
            return {name for item in value for name in gaps(item)}
        case dict():
            return {name for item in value.values() for name in gaps(item)}
        case _:
            return set()


def _value(question: Question, said: str | None) -> JsonValue:
    """The answer, or the default, as what it must be; InvalidInput, with the question, when it is something else."""
    text = ((question.default or "") if said is None else said).strip()
    if len(text) > LONGEST_ANSWER:
        raise InvalidInput(f"The answer to {question.name!r} has {len(text):,} characters; at most {LONGEST_ANSWER:,} are taken.")
    try:
        return _READ[question.kind](text)
    except ValueError as error:
        raise InvalidInput(f"The answer to {question.name!r} can't be used: {error}. The question is: {question.text}") from error


def _text(said: str) -> str:
    if not said:
        raise ValueError("it is empty; write something")
    return said


def _number(said: str) -> int:
    if not re.fullmatch(r"[-+]?\d{1,15}", said):
        raise ValueError(f"{shown(said)} is no whole number; write for example 90")
    return int(said)


def _list(said: str) -> list[JsonValue]:
    return [part.strip() for part in said.split(",") if part.strip()]


_READ = {
    AnswerKind.TEXT: _text,
    AnswerKind.NUMBER: _number,
    AnswerKind.LIST: _list,
    AnswerKind.CRON: checked_cron,
    AnswerKind.TIMEZONE: known_timezone,
}


def _filled(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    match value:
        case str():
            whole = _GAP.fullmatch(value)
            return values[whole[1]] if whole else _GAP.sub(lambda gap: _in_text(values[gap[1]]), value)
        case list():
            return [_filled(item, values) for item in value]
        case dict():
            return {name: _filled(item, values) for name, item in value.items()}
        case _:
            return value


def _in_text(value: JsonValue) -> str:
    return ", ".join(str(item) for item in cast("list[JsonValue]", value)) if isinstance(value, list) else str(value)

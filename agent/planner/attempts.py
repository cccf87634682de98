"""Asks the model for a value until it is right, giving every problem back with its exact reason (R2.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from agent.model.model import Message, Model
from blueprint.problems import Problem, explain
from blueprint.stream import Usage

REPAIRS = 3
"""So many times the model may try again after its first answer."""

Wanted = TypeVar("Wanted", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Attempted(Generic[Wanted]):
    """The last value that fitted the schema and its problems; without any such value, the problems of the last answer."""

    value: Wanted | None
    problems: tuple[str, ...]
    usage: Usage
    attempts: int


async def attempt(
    model: Model,
    schema: type[Wanted],
    *,
    write: Callable[[Wanted | None, Sequence[str]], list[Message]],
    check: Callable[[Wanted], Sequence[Problem]],
) -> Attempted[Wanted]:
    """Ask up to 1 + REPAIRS times. `write` makes the messages from the last value and all problems so far.

    ModelUnavailable passes through. An answer that fits no schema costs tokens that are not counted in `usage`:
    the model's contract does not tell them.
    """
    result: Attempted[Wanted] = Attempted(value=None, problems=(), usage=Usage(), attempts=0)
    told: list[str] = []
    while result.attempts == 0 or (result.problems and result.attempts <= REPAIRS):
        result, problems = await _once(model, schema, write(result.value, told), check, result)
        told += [problem for problem in problems if problem not in told]
    return result


async def _once(
    model: Model,
    schema: type[Wanted],
    messages: list[Message],
    check: Callable[[Wanted], Sequence[Problem]],
    before: Attempted[Wanted],
) -> tuple[Attempted[Wanted], tuple[str, ...]]:
    number = before.attempts + 1
    try:
        value, used = await model.structured(messages, schema)
    except ValidationError as error:
        problems = tuple(str(problem) for problem in explain(error))
        kept = before.problems if before.value is not None else problems
        return Attempted(value=before.value, problems=kept, usage=before.usage, attempts=number), problems
    problems = tuple(str(problem) for problem in check(value))
    return Attempted(value=value, problems=problems, usage=before.usage + used, attempts=number), problems

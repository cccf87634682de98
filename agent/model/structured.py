"""Gets an answer that fits a schema out of any endpoint: asks in the strictest way that it takes, down to plain words."""

import json
import logging
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from agent.model.failures import EndpointFailure, Kind
from agent.model.model import Message, Reply, Structured
from agent.model.schema import strict_schema, tool_schema
from blueprint.stream import Usage

logger = logging.getLogger(__name__)


class Rung(StrEnum):
    """The ways to ask for JSON, from the strictest to the plainest."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TOOL = "forced tool call"
    PLAIN = "plain prompt"


_RUNGS = tuple(Rung)
_BROKEN_STATUSES = frozenset({500, 501})
"""Some servers fail with these on a request format that they do not know."""

_INSTRUCTION = "Answer with one JSON object and nothing else. It must fit this JSON schema:\n{schema}"
_FENCED = re.compile(r"```[a-zA-Z]*\s(.*?)```", re.DOTALL)


class Ask(Protocol):
    """Sends the parts of a request; EndpointFailure when no usable answer comes."""

    async def __call__(self, body: dict[str, Any], *, no_retry_on: frozenset[int] = frozenset()) -> Reply: ...


class Ladder:
    """Asks one endpoint for values, and remembers the way that it takes."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._rung = Rung.SCHEMA

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A value of `schema`. ValidationError when the answer does not fit, EndpointFailure when none comes."""
        usage = Usage()
        for rung in _RUNGS[_RUNGS.index(self._rung) :]:
            try:
                reply = await self._ask_at(rung, messages, schema)
            except EndpointFailure as failure:
                if rung is Rung.PLAIN or not _refuses_format(failure):
                    raise
                logger.info("Asking for %s is refused (%s); trying the next way", rung, failure)
                continue
            usage += reply.usage
            try:
                value = read_value(reply, schema)
            except ValidationError as error:
                if rung is Rung.PLAIN or not _ignores_format(reply, error):
                    self._rung = rung  # the endpoint keeps the format; what the model wrote is the caller's to repair
                    raise
                logger.info("Asking for %s gave no JSON; trying the next way", rung)
                continue
            self._rung = rung
            return value, usage
        raise AssertionError("the last rung returns or raises")

    async def _ask_at(self, rung: Rung, messages: Sequence[Message], schema: type[BaseModel]) -> Reply:
        return await self._ask(
            request_at(rung, messages, schema), no_retry_on=frozenset() if rung is Rung.PLAIN else _BROKEN_STATUSES
        )


def request_at(rung: Rung, messages: Sequence[Message], schema: type[BaseModel]) -> dict[str, Any]:
    """The parts of a request that ask for `schema` in the way of `rung`."""
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", schema.__name__)[:64]
    match rung:
        case Rung.SCHEMA:
            described = {"name": name, "strict": True, "schema": strict_schema(schema)}
            return {"messages": list(messages), "response_format": {"type": "json_schema", "json_schema": described}}
        case Rung.OBJECT:
            return {"messages": _instructed(messages, schema), "response_format": {"type": "json_object"}}
        case Rung.TOOL:
            function = {
                "name": name,
                "description": "Hand in the answer.",
                "parameters": tool_schema(schema.model_json_schema()),
            }
            choice = {"type": "function", "function": {"name": name}}
            return {"messages": list(messages), "tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case Rung.PLAIN:
            return {"messages": _instructed(messages, schema)}


def read_value(reply: Reply, schema: type[Structured]) -> Structured:
    """The value in the first call of `reply`, else in its text. ValidationError when there is none that fits."""
    return schema.model_validate_json(reply.calls[0].arguments if reply.calls else json_in(reply.text))


def json_in(text: str) -> str:
    """The JSON object in `text`, freed of thoughts, fences and words around it; `text` itself when there is none."""
    text = text.rpartition("</think>")[2].strip()
    if not text.startswith("{") and (fenced := _FENCED.search(text)):
        text = fenced[1]
    start = max(text.find("{"), 0)
    try:
        end = json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        end = len(text)  # validation says what is wrong with it
    return text[start:end]


def _instructed(messages: Sequence[Message], schema: type[BaseModel]) -> list[Message]:
    """`messages` with the schema in the system message, where strict chat templates want it: first, and only one."""
    instruction = _INSTRUCTION.format(schema=json.dumps(tool_schema(schema.model_json_schema()), ensure_ascii=False))
    first, *rest = [*messages] or [{"role": "user", "content": ""}]
    if first.get("role") == "system" and isinstance(first.get("content"), str):
        return [first | {"content": f"{first['content']}\n\n{instruction}"}, *rest]
    return [{"role": "system", "content": instruction}, *messages]


def _refuses_format(failure: EndpointFailure) -> bool:
    return failure.kind is Kind.REQUEST or failure.status in _BROKEN_STATUSES


def _ignores_format(reply: Reply, error: ValidationError) -> bool:
    """Whether words came instead of JSON; JSON that was cut at the token limit was JSON."""
    return not reply.is_truncated and any(problem["type"] == "json_invalid" for problem in error.errors())

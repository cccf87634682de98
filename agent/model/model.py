"""What the agent needs of a model: one reply to a conversation, free with tools or bound to a schema."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from blueprint.stream import Usage

Message = dict[str, Any]
"""One chat-completions message, as our own dict: unknown keys of providers go back verbatim."""

Structured = TypeVar("Structured", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ToolDeclaration:
    """A tool as the model sees it: wire name, description, JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WireCall:
    """A tool call as it came: `arguments` is the text that the model wrote, valid JSON or not."""

    name: str
    arguments: str
    extra: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One whole answer of the model."""

    text: str
    reasoning: str = ""
    reasoning_key: str = ""
    calls: tuple[WireCall, ...] = ()
    is_truncated: bool = False
    usage: Usage = Usage()
    """Of all that was asked until the answer came."""
    wasted: Usage = Usage()
    """The part of it that earlier tries took, which gave nothing."""


class Model(Protocol):
    """A language model behind some endpoint."""

    @property
    def label(self) -> str:
        """Name and address for people, without secrets: 'rehearsal at 127.0.0.1:4210'."""
        ...

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer. ModelUnavailable when the endpoint does not give a usable one over all retries."""
        ...

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """An answer as a value of `schema`. pydantic.ValidationError when what came does not fit (the caller repairs)."""
        ...

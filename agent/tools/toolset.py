"""What the agent needs of tools: a list of them, and calls. Wrappers add limits, a journal and approval, one duty each."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import JsonValue

from blueprint.policy import ToolCall, ToolTraits
from blueprint.requests import Question
from blueprint.stream import Outcome


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool of one server. `wire_name` is unique over all servers and fits every provider's rules."""

    server: str
    name: str
    wire_name: str
    description: str
    parameters: dict[str, Any]
    traits: ToolTraits = ToolTraits()

    @property
    def full_name(self) -> str:
        """`server.tool`, as policies and Tasks name it."""
        return f"{self.server}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A picture, a sound or another file in a result, as it came: in base64."""

    mime_type: str
    base64: str

    def content(self) -> bytes:
        """The file itself; empty when what came is no base64."""
        try:
            return b64decode(self.base64)
        except ValueError:
            return b""


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """What a server wants to know: what a person is to be asked before the call can be made again, and under which key."""

    key: str
    question: Question


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What came back. `text` is bounded and for the model; `outcome` says whether an effect may have happened.

    `kept` and `files` are the places of what is kept of it, see `agent.results`. With a `wish` the server has handed the
    call back: it is to be made again when a person has answered.
    """

    text: str
    is_error: bool = False
    outcome: Outcome = Outcome.DONE
    structured: JsonValue = None
    size: int = 0
    seconds: float = 0
    attachments: tuple[Attachment, ...] = ()
    kept: str = ""
    files: tuple[str, ...] = ()
    wish: Unanswered | None = None


@dataclass(frozen=True, kw_only=True)
class ToolListing:
    """All tools, and for each server that could not be asked a sentence why (R4.10)."""

    tools: tuple[Tool, ...]
    failures: dict[str, str] = field(default_factory=dict[str, str])


class Toolset(Protocol):
    """Tools that can be called. A call never raises for what a server did: that is an error result."""

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        ...

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call and wait for its result."""
        ...


def find_tool(tools: Sequence[Tool], call: ToolCall) -> Tool | None:
    """The tool that `call` means, None when there is no such tool."""
    return next((tool for tool in tools if tool.server == call.server and tool.name == call.tool), None)

"""Says what went wrong with a tool server, and whether a call may have had its effect (R4.8, R4.10). Pure."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from mcp import MCPError
from mcp.types import CONNECTION_CLOSED, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, REQUEST_TIMEOUT
from pydantic import ValidationError

from agent.redaction import Redaction
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.stream import Outcome

_MADE_UP_BY_THE_CLIENT = (CONNECTION_CLOSED, REQUEST_TIMEOUT, INVALID_REQUEST, PARSE_ERROR)
"""Codes with which the SDK also reports that no usable answer came; the server's own use can't be told apart."""


def why_unavailable(settings: ToolServerConnection, error: BaseException, log: str) -> str:
    """A sentence on why the server could not be started or asked; `log` is where its own words are, or empty."""
    causes = list(_leaves(error))
    reason = "; ".join(dict.fromkeys(_reason(settings, cause) for cause in causes))
    has_run = isinstance(settings.server, StdioServer) and any(isinstance(cause, MCPError | TimeoutError) for cause in causes)
    where = f" Its own words are in {log}." if log and has_run else ""
    sentence = f"Tool server {settings.name!r}{_address(settings)} can't be used: {reason.rstrip('.')}.{where}"
    return Redaction.of([settings]).text(sentence)


def call_outcome(error: Exception) -> Outcome:
    """What a failed call may have done: NOT_DONE when it was surely refused, DONE when the server answered, else UNKNOWN."""
    match error:
        case MCPError() if _known(error, "was_refused") or error.code in (METHOD_NOT_FOUND, INVALID_PARAMS):
            return Outcome.NOT_DONE
        case MCPError() if error.code in _MADE_UP_BY_THE_CLIENT or _known(error, "http_status"):
            return Outcome.UNKNOWN
        case MCPError() | RuntimeError():  # RuntimeError: an answer that breaks the tool's own output schema
            return Outcome.DONE
        case _:
            return Outcome.UNKNOWN


def call_failure(settings: ToolServerConnection, tool: str, error: Exception) -> str:
    """The text of the error result of a call."""
    match error:
        case TimeoutError():
            return f"{settings.name}.{tool} did not answer within {settings.call_timeout_seconds:g} s and was given up."
        case MCPError() if error.code == CONNECTION_CLOSED and not _known(error, "http_status"):
            return f"The connection to tool server {settings.name!r} was lost while {tool!r} was at work."
        case ValidationError():
            return f"Tool server {settings.name!r} answered {tool!r} with something that is no MCP result: {_short(error)}"
        case _:
            return f"{settings.name}.{tool} failed: {error}"


def is_session_lost(error: Exception) -> bool:
    """Whether the server no longer knows our session, as after its restart; the call was then refused unread."""
    return isinstance(error, MCPError) and bool(_known(error, "is_session_lost"))


def is_connection_closed(error: Exception) -> bool:
    """Whether the connection itself is gone, not just this call."""
    return isinstance(error, MCPError) and error.code == CONNECTION_CLOSED and not _known(error, "http_status")


def has_died(error: BaseException | None) -> bool:
    """Whether the server went away in the middle of something, as against being slow, missing or wrong."""
    return error is not None and any(isinstance(cause, MCPError) and is_connection_closed(cause) for cause in _leaves(error))


def _known(error: MCPError, key: str) -> Any:
    data: object = error.data
    return cast(dict[str, Any], data).get(key) if isinstance(data, dict) else None


def _reason(settings: ToolServerConnection, error: BaseException) -> str:
    match error:
        case TimeoutError():
            return f"it did not answer within {settings.connect_timeout_seconds:g} s"
        case FileNotFoundError() | NotADirectoryError():
            return f"{error.filename!r} was not found; install it, or correct the command or directory"
        case OSError():
            return f"{error.strerror or error} ({error.filename!r}); correct the command or its permissions"
        case MCPError() if is_connection_closed(error) and isinstance(settings.server, StdioServer):
            return f"its process {settings.server.command!r} ended at once"
        case ValidationError():
            return f"it answered with something that is no MCP message: {_short(error)}"
        case _:
            return str(error) or type(error).__name__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast(BaseExceptionGroup[BaseException], error).exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _address(settings: ToolServerConnection) -> str:
    """Host and port only: the rest of a URL may hold a key."""
    if isinstance(settings.server, StdioServer):
        return ""
    netloc = urlsplit(settings.server.url).netloc.rpartition("@")[2]
    return f" at {netloc}" if netloc else ""


def _short(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"

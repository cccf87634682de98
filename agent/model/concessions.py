"""What a request can do without: parts that some endpoints refuse, and the form in which they take them."""

from collections.abc import Iterator, Sequence, Set
from enum import StrEnum
from typing import Any

from agent.model.failures import EndpointFailure, Kind
from agent.model.schema import simplified
from agent.model.wire import items, mapping


class Concession(StrEnum):
    """One thing that a request is changed in, for an endpoint that refuses it."""

    NEW_TOKEN_LIMIT = "max_completion_tokens for max_tokens"
    NO_STREAM_OPTIONS = "no stream_options"
    SIMPLE_TOOLS = "tool schemas without constraints"
    BRIDGED_ROLES = "an answer between a tool's result and what follows it"


def concession_for(failure: EndpointFailure, body: dict[str, Any], made: Set[Concession]) -> Concession | None:
    """The next concession that may help after `failure`, None when there is none."""
    if failure.kind is not Kind.REQUEST:
        return None
    fitting = {
        Concession.NEW_TOKEN_LIMIT: "max_completion_tokens" in failure.detail,
        Concession.NO_STREAM_OPTIONS: "stream_options" in failure.detail,
        Concession.BRIDGED_ROLES: "after role" in failure.detail.lower() and "messages" in body,
        Concession.SIMPLE_TOOLS: "tools" in body,
    }
    return next((concession for concession, fits in fitting.items() if fits and concession not in made), None)


def conceded(body: dict[str, Any], made: Set[Concession]) -> dict[str, Any]:
    """`body` with the concessions `made`."""
    changed = dict(body)
    if Concession.NEW_TOKEN_LIMIT in made:
        changed["max_completion_tokens"] = changed.pop("max_tokens")
    if Concession.NO_STREAM_OPTIONS in made:
        changed.pop("stream_options")
    if Concession.SIMPLE_TOOLS in made and "tools" in body:
        changed["tools"] = [_simple_tool(mapping(tool)) for tool in items(body["tools"])]
    if Concession.BRIDGED_ROLES in made:
        changed["messages"] = list(_bridged(items(body["messages"])))
    return changed


def _bridged(messages: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Some take a user's message only after an answer, not after a tool's result."""
    before = ""
    for message in messages:
        if (before, message["role"]) == ("tool", "user"):
            yield {"role": "assistant", "content": "I have read that."}
        yield message
        before = message["role"]


def _simple_tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = mapping(tool["function"])
    return tool | {"function": function | {"parameters": simplified(mapping(function["parameters"]))}}

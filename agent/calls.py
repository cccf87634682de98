"""Reads what the model wrote into calls: which tool is meant, with which arguments, or what is wrong."""

from collections.abc import Sequence

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent.model.model import Reply, WireCall
from agent.own_tools import OWN, OWN_SERVER
from agent.tools.toolset import Tool
from blueprint.policy import ToolCall
from blueprint.stream import ModelCall, Reasoned

_ARGUMENTS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def read_reply(reply: Reply, tools: Sequence[Tool], place: int, seconds: float) -> Reasoned:
    """The model's answer number `place` as an event; each call gets an id of ours, and the tool that it means or a problem.

    Ids are 9 characters of `[a-z0-9]`, which every provider takes.
    """
    calls = tuple(_read_call(call, tools, f"c{place:05d}{index:03d}") for index, call in enumerate(reply.calls))
    return Reasoned(
        text=reply.text,
        reasoning=reply.reasoning,
        reasoning_key=reply.reasoning_key,
        calls=calls,
        usage=reply.usage,
        wasted=reply.wasted,
        seconds=round(seconds, 3),
    )


def _read_call(wire: WireCall, tools: Sequence[Tool], call_id: str) -> ModelCall:
    call, problem = _resolve(wire, tools, call_id)
    return ModelCall(id=call_id, wire_name=wire.name, raw_arguments=wire.arguments, call=call, problem=problem, extra=wire.extra)


def _resolve(wire: WireCall, tools: Sequence[Tool], call_id: str) -> tuple[ToolCall | None, str]:
    try:
        arguments = _ARGUMENTS.validate_json(wire.arguments or "{}")
    except ValidationError as error:
        return None, f"The arguments of {wire.name!r} are no JSON object: {error.errors()[0]['msg']}. Send the call again."
    if wire.name in OWN:
        return ToolCall(id=call_id, server=OWN_SERVER, tool=wire.name, arguments=arguments), ""
    tool = next((tool for tool in tools if tool.wire_name == wire.name), None)
    if tool is None:
        available = ", ".join(sorted([tool.wire_name for tool in tools] + list(OWN)))
        return None, f"There is no tool {wire.name!r}; available: {available}."
    return ToolCall(id=call_id, server=tool.server, tool=tool.name, arguments=arguments), ""

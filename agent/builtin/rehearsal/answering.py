"""Finds the answer to one request: an alignment, a Blueprint, what a message wants, the next turn of a run, or plain words."""

import json
from collections.abc import Mapping
from typing import Any

from agent.builtin.rehearsal.alignment import align
from agent.builtin.rehearsal.commission import read_commission
from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.planning import plan
from agent.builtin.rehearsal.remarks import understand
from agent.builtin.rehearsal.shapes import items, mapping
from agent.builtin.rehearsal.spoken import Spoken
from agent.builtin.rehearsal.turn import take_turn

_WRITERS = {"alignment": align, "blueprint": plan, "understood": understand}
_GREETING = (
    "I am the rehearsal model: rule-based, no language model. I plan simple goals in English and work on them with the tools"
    " that a request offers."
)


class BadRequest(ValueError):
    """A request that this model can't answer; `str()` says why and what to do."""


def answer(request: Mapping[str, Any]) -> Spoken:
    """The answer to a chat-completions request; the same request always gets the same. BadRequest when there is none."""
    messages = [mapping(message) for message in items(request.get("messages"))]
    if not messages:
        raise BadRequest("The request has no messages; send at least one.")
    wanted = mapping(request.get("response_format"))
    if wanted.get("type") in ("json_schema", "json_object"):
        return _written(str(mapping(wanted.get("json_schema")).get("name") or ""), messages)
    offers = [_offer(mapping(tool)) for tool in items(request.get("tools"))]
    if not offers or request.get("tool_choice") == "none":
        return Spoken(text=_GREETING, thoughts="Nothing to call and nothing to write.")
    return take_turn(messages, offers)


def _written(name: str, messages: list[dict[str, Any]]) -> Spoken:
    writer = _WRITERS.get(name.casefold())
    if writer is None:
        known = ", ".join(repr(known.capitalize()) for known in _WRITERS)
        raise BadRequest(
            f"The rehearsal model can't write {name or 'JSON without a named schema'!r}; it knows {known}. Use a real model."
        )
    commission = read_commission(messages)
    if commission is None:
        raise BadRequest("No message holds the material for planning as a ```json block; send it in the last user message.")
    return Spoken(
        text=json.dumps(writer(commission), ensure_ascii=False), thoughts=f"Read the goal and wrote the {name} by rule."
    )


def _offer(tool: Mapping[str, Any]) -> Offer:
    function = mapping(tool.get("function"))
    return Offer(
        name=str(function.get("name") or ""),
        description=str(function.get("description") or ""),
        parameters=mapping(function.get("parameters")),
    )

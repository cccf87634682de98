"""Puts one answer of a model together from the pieces that endpoints send, in all the shapes that they send them.

Every field of a piece may be missing, null or of a wrong type; what can be read is used, the rest is passed over.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from agent.model.failures import EndpointFailure, Kind
from agent.model.model import Reply, WireCall
from agent.model.wire import clean, clean_text, items, mapping
from blueprint.stream import Usage

_CUT_OFF = ("length", "model_length")
_GIVEN_UP = ("error", "insufficient_system_resource")
_REASONING_KEYS = ("reasoning_content", "reasoning")


@dataclass(kw_only=True, eq=False)
class _OpenCall:
    index: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_whole(self) -> bool:
        return _is_json(self.arguments)


class Accumulator:
    """Takes the documents of one answer in order and gives the Reply that they make."""

    def __init__(self) -> None:
        self._text = self._reasoning = self._reasoning_key = self._refusal = self._finish = ""
        self._calls: list[_OpenCall] = []
        self._input_tokens = self._output_tokens = 0
        self._is_ended = False

    def feed(self, document: dict[str, Any]) -> None:
        """Take one chunk of a stream, or a whole completion."""
        self._count(document.get("usage"))
        self._count(mapping(document.get("x_groq")).get("usage"))
        for choice in map(mapping, items(document.get("choices"))[:1]):
            self._count(choice.get("usage"))
            if isinstance(finish := choice.get("finish_reason"), str) and finish:
                self._finish = finish
            message = mapping(choice.get("message"))
            self._is_ended = self._is_ended or bool(message)
            self._take(mapping(choice.get("delta")) or message)

    def end(self) -> None:
        """The endpoint said that the answer is complete."""
        self._is_ended = True

    def reply(self) -> Reply:
        """The whole answer; its cost is not set. EndpointFailure when it is empty or the endpoint gave up."""
        is_cut = self._finish in _CUT_OFF or not (self._finish or self._is_ended)
        # Without a finish reason a call that is no JSON was cut, whatever else was said.
        is_cut = is_cut or (not self._finish and not all(call.is_whole or not call.arguments.strip() for call in self._calls))
        calls = [call for call in self._calls if call.name and (not is_cut or call.is_whole)]
        text = clean_text(self._text or self._refusal)
        self._check(has_content=bool(text.strip() or calls))
        return Reply(
            text=text,
            reasoning=clean_text(self._reasoning),
            reasoning_key=self._reasoning_key,
            calls=tuple(_wire_call(call) for call in calls),
            is_truncated=is_cut,
            usage=self._usage,
        )

    def _check(self, *, has_content: bool) -> None:
        finish = f"finish reason {self._finish!r}"
        if self._finish in _GIVEN_UP:
            raise EndpointFailure(Kind.DOWN, "gave up in its answer", detail=finish, status=200, usage=self._usage)
        if not has_content and self._finish not in _CUT_OFF:
            raise EndpointFailure(Kind.UNUSABLE, "gave an empty answer", detail=finish, status=200, usage=self._usage)

    @property
    def _usage(self) -> Usage:
        return Usage(input_tokens=self._input_tokens, output_tokens=self._output_tokens)

    def _count(self, usage: object) -> None:
        # Some send running totals in every chunk, some zeros at the end: the largest is the total.
        self._input_tokens = max(self._input_tokens, _tokens(mapping(usage).get("prompt_tokens")))
        self._output_tokens = max(self._output_tokens, _tokens(mapping(usage).get("completion_tokens")))

    def _take(self, delta: dict[str, Any]) -> None:
        for key in _REASONING_KEYS:
            if isinstance(thought := delta.get(key), str) and thought:
                self._reasoning, self._reasoning_key = self._reasoning + thought, self._reasoning_key or key
                break  # some send the same text under both keys
        self._take_content(delta.get("content"))
        if isinstance(refusal := delta.get("refusal"), str):
            self._refusal += refusal
        calls = delta.get("tool_calls")
        touched: list[_OpenCall] = []
        for piece in map(mapping, items(calls) or [calls]):
            touched += [self._merge(piece, touched)] if piece else []

    def _take_content(self, content: object) -> None:
        if isinstance(content, str):
            self._text += content
        for part in map(mapping, items(content)):
            if part.get("type") == "thinking":
                self._reasoning += _part_text(part.get("thinking"))
                self._reasoning_key = self._reasoning_key or "reasoning_content"
            else:
                self._text += _part_text(part.get("text"))

    def _merge(self, piece: dict[str, Any], touched: list[_OpenCall]) -> _OpenCall:
        function = mapping(piece.get("function"))
        index = index if isinstance(index := piece.get("index"), int) else None
        id, name, arguments = _string(piece.get("id")), _string(function.get("name")), _arguments(function.get("arguments"))
        call = self._open_call(index, id)
        if call is None or _begins_another(call, id, name, arguments, is_touched=call in touched):
            call = _OpenCall(index=index)
            self._calls.append(call)
        call.id, call.name = call.id or id, call.name or name
        call.arguments += "" if call.is_whole else arguments
        call.extra |= mapping(piece.get("extra_content"))
        return call

    def _open_call(self, index: int | None, id: str) -> _OpenCall | None:
        """The call that a piece points at: by its index, else by its id, else the latest."""
        near = [call for call in self._calls if call.index == index] if index is not None else self._calls
        same = [call for call in near if id and call.id == id]
        found = same or near
        return found[-1] if found else None


def _begins_another(call: _OpenCall, id: str, name: str, arguments: str, *, is_touched: bool) -> bool:
    """Whether a piece that points at `call` is the start of a further call: endpoints number several calls alike."""
    if id and call.id and id != call.id:
        return True
    if not name or not call.name:
        return False
    if id and id == call.id and arguments == call.arguments:
        return False  # sent twice
    # A chunk does not bring one call in two named pieces; a whole call gets no further arguments.
    return is_touched or name != call.name or (call.is_whole and bool(arguments.strip()))


def _wire_call(call: _OpenCall) -> WireCall:
    extra = {"extra_content": clean(call.extra)} if call.extra else {}
    return WireCall(name=clean_text(call.name), arguments=clean_text(call.arguments).strip() or "{}", extra=extra)


def _arguments(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _part_text(value: object) -> str:
    return value if isinstance(value, str) else "".join(_string(mapping(part).get("text")) for part in items(value))


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tokens(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

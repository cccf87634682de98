"""Puts an answer into the form of the OpenAI chat-completions protocol: one document, or a stream of events."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.builtin.rehearsal.shapes import mapping
from agent.builtin.rehearsal.spoken import Spoken, SpokenCall

_CHARACTERS_PER_TOKEN = 4
_PIECE = 80
"""Characters in one event of a stream."""


def document(request: Mapping[str, Any], spoken: Spoken) -> dict[str, Any]:
    """The whole answer as one `chat.completion`."""
    message: dict[str, Any] = {"role": "assistant", "content": spoken.text, "reasoning_content": spoken.thoughts}
    if spoken.calls:
        message["tool_calls"] = [_call(request, call, index) for index, call in enumerate(spoken.calls)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(spoken), "logprobs": None}
    return {**_envelope(request, "chat.completion"), "choices": [choice], "usage": _usage(request, spoken)}


def stream(request: Mapping[str, Any], spoken: Spoken) -> Iterator[str]:
    """The answer as server-sent events, usage last when the request wants it."""
    envelope = _envelope(request, "chat.completion.chunk")
    for delta in _deltas(request, spoken):
        yield _event({**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(spoken)}]})
    if mapping(request.get("stream_options")).get("include_usage"):
        yield _event({**envelope, "choices": [], "usage": _usage(request, spoken)})
    yield "data: [DONE]\n\n"


def error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """An error document."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "missions"} for name in names]}


def _deltas(request: Mapping[str, Any], spoken: Spoken) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for piece in _pieces(spoken.thoughts):
        yield {"reasoning_content": piece}
    for piece in _pieces(spoken.text):
        yield {"content": piece}
    for index, call in enumerate(spoken.calls):
        whole = _call(request, call, index)
        arguments = whole["function"].pop("arguments")
        yield {"tool_calls": [{"index": index, **whole, "function": {**whole["function"], "arguments": ""}}]}
        for piece in _pieces(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _call(request: Mapping[str, Any], call: SpokenCall, index: int) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    mark = _fingerprint([request.get("messages"), call.name, index])[:9]
    return {"id": f"r{mark[:8]}", "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _envelope(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{_fingerprint(request.get('messages'))[:24]}",
        "object": kind,
        "created": int(time.time()),
        "model": request.get("model"),
    }


def _finish(spoken: Spoken) -> str:
    return "tool_calls" if spoken.calls else "stop"


def _usage(request: Mapping[str, Any], spoken: Spoken) -> dict[str, int]:
    """An estimate by length, so that budgets and costs have something to count."""
    read = len(json.dumps([request.get("messages"), request.get("tools")]))
    said = len(spoken.text) + len(spoken.thoughts) + sum(len(json.dumps(dict(call.arguments))) for call in spoken.calls)
    prompt, completion = read // _CHARACTERS_PER_TOKEN + 1, said // _CHARACTERS_PER_TOKEN + 1
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _fingerprint(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _event(document: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(document)}\n\n"

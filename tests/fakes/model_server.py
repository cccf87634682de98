"""A scripted OpenAI-compatible server: real HTTP on loopback, one turn per request, in order.

    async with scripted_model([calls(("host__load", {})), says("All is well.")]) as server:
        ... server.url, server.requests ...

Turns may be added while it runs (`server.turns.append`). When they are used up it answers 503 and asks not to be tried
again. Other processes may use its address too. `answering_model` takes each turn from what was asked instead.
"""

import asyncio
import contextlib
import json
import logging
import socket
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

_STOP_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the server does with one request; made by the functions below."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    media_type: str = "application/json"
    wait_seconds: float = 0
    gate: asyncio.Event | None = None
    chunks_until_cut: int | None = None
    usage: tuple[int, int] = (100, 10)
    """Tokens in and out, as the server counts them."""


NextTurn = Callable[[dict[str, Any], Mapping[str, str]], Turn]
"""What is answered to a request, by its body and headers."""


def says(text: str) -> Turn:
    """Answers with text."""
    return Turn(text=text)


def calls(*made: tuple[str, dict[str, Any]], text: str = "") -> Turn:
    """Calls tools, each by wire name and arguments."""
    return Turn(calls=made, text=text)


def answers(value: Any) -> Turn:
    """Structured output: `value` as JSON text, or as the arguments of the tool that the request forces."""
    return Turn(value=value)


def fails(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Turn:
    """Answers with an error status; `body` is JSON, or a str sent as it is."""
    body = {"error": {"message": f"scripted failure {status}"}} if body is None else body
    raw_body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Turn(status=status, body=raw_body, headers=headers or {})


def raw(body: bytes, media_type: str = "text/event-stream") -> Turn:
    """Answers 200 with exactly these bytes."""
    return Turn(body=body, media_type=media_type)


def waits(seconds: float, turn: Turn) -> Turn:
    """`turn`, after a silence."""
    return replace(turn, wait_seconds=seconds)


def held(gate: asyncio.Event, turn: Turn) -> Turn:
    """`turn`, when the gate opens."""
    return replace(turn, gate=gate)


def cut_after(chunks: int, turn: Turn) -> Turn:
    """`turn`, with the connection broken off after so many chunks of its stream."""
    return replace(turn, chunks_until_cut=chunks)


@dataclass(frozen=True, kw_only=True)
class ScriptedModel:
    """A running server: its address, the turns to come, and the requests so far."""

    url: str
    turns: deque[Turn]
    requests: list[dict[str, Any]]
    headers: list[Mapping[str, str]]


@contextlib.asynccontextmanager
async def scripted_model(turns: Iterable[Turn], *, key: str = "") -> AsyncGenerator[ScriptedModel]:
    """Serve `turns` on a free port of loopback; with `key`, requests without it as bearer token get 401 and use no turn."""
    with _listener() as listener:
        model = ScriptedModel(url=_url(listener), turns=deque(turns), requests=[], headers=[])

        def next_turn(body: dict[str, Any], headers: Mapping[str, str]) -> Turn:
            model.requests.append(body)
            model.headers.append(headers)
            return model.turns.popleft() if model.turns else _USED_UP

        async with _serving(listener, next_turn, key):
            yield model


@contextlib.asynccontextmanager
async def answering_model(answer: Callable[[dict[str, Any]], Turn]) -> AsyncGenerator[str]:
    """The address of a model whose turns `answer` makes of each request's body: the same however often it is asked."""
    with _listener() as listener:
        async with _serving(listener, lambda body, _: answer(body), key=""):
            yield _url(listener)


@contextlib.contextmanager
def _listener() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # listens at once: no request can come too early
        # Accepted connections inherit it; asyncio sets it on its own sockets only, and without it each answer takes 40 ms more.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@contextlib.asynccontextmanager
async def _serving(listener: socket.socket, next_turn: NextTurn, key: str) -> AsyncGenerator[None]:
    stopping = asyncio.Event()
    server = _Server(uvicorn.Config(_app(next_turn, key, stopping), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
    try:
        yield
    finally:
        stopping.set()
        server.should_exit = True
        async with asyncio.timeout(_STOP_SECONDS):
            await serving
        logging.getLogger("uvicorn.error").removeFilter(_is_no_cut)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # signals are the test runner's


class _Cut(Exception):
    """Breaks a connection off in the middle of a body."""


def _is_no_cut(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], _Cut))


def _app(next_turn: NextTurn, key: str, stopping: asyncio.Event) -> Starlette:
    async def complete(request: Request) -> Response:
        if key and request.headers.get("authorization") != f"Bearer {key}":
            return JSONResponse({"error": {"message": "Incorrect API key provided"}}, 401)
        body = json.loads(await request.body())
        turn = next_turn(body, request.headers)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), turn.wait_seconds)
        if turn.gate is not None:
            opened = [asyncio.ensure_future(event.wait()) for event in (turn.gate, stopping)]
            await asyncio.wait(opened, return_when=asyncio.FIRST_COMPLETED)
        return _response(turn, body)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    routes = [Route("/v1/chat/completions", complete, methods=["POST"]), Route("/v1/models", models)]
    return Starlette(routes=routes)


def _response(turn: Turn, request: dict[str, Any]) -> Response:
    if turn.body is not None:
        pieces = turn.body.splitlines(keepends=True)
    elif request.get("stream"):
        pieces = [_event(chunk) for chunk in _chunks(turn, request)] + [b"data: [DONE]\n\n"]
        turn = replace(turn, media_type="text/event-stream")
    else:
        pieces = [json.dumps(_completion(turn, request)).encode()]
    body = _pieces(pieces, turn.chunks_until_cut)
    return StreamingResponse(body, turn.status, dict(turn.headers), turn.media_type)


async def _pieces(pieces: list[bytes], until_cut: int | None) -> AsyncIterator[bytes]:
    for piece in pieces[:until_cut]:
        yield piece
    if until_cut is not None:
        raise _Cut


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _chunks(turn: Turn, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    message, finish = _message(turn, request)
    usage = {"usage": _usage(turn)} if request.get("stream_options") == {"include_usage": True} else {}
    yield _chunk(request, {"role": "assistant", "content": ""})
    for word in (message["content"] or "").splitlines(keepends=True):
        yield _chunk(request, {"content": word})
    for index, call in enumerate(message.get("tool_calls", [])):
        head, arguments = call | {"function": {"name": call["function"]["name"], "arguments": ""}}, call["function"]["arguments"]
        yield _chunk(request, {"tool_calls": [{"index": index} | head]})
        for part in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield _chunk(request, {"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield _chunk(request, {}, finish)
    yield {"id": "scripted", "object": "chat.completion.chunk", "model": request.get("model"), "choices": []} | usage


def _chunk(request: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "scripted", "object": "chat.completion.chunk", "model": request.get("model"), "choices": [choice]}


def _completion(turn: Turn, request: dict[str, Any]) -> dict[str, Any]:
    message, finish = _message(turn, request)
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {
        "id": "scripted",
        "object": "chat.completion",
        "model": request.get("model"),
        "choices": [choice],
        "usage": _usage(turn),
    }


def _message(turn: Turn, request: dict[str, Any]) -> tuple[dict[str, Any], str]:
    made, text = turn.calls, turn.text
    if turn.value is not None and "tool_choice" in request:
        made = ((request["tool_choice"]["function"]["name"], turn.value),)
    elif turn.value is not None:
        text = json.dumps(turn.value)
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if made:
        message["tool_calls"] = [
            {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for index, (name, arguments) in enumerate(made)
        ]
    return message, "tool_calls" if made else "stop"


def _usage(turn: Turn) -> dict[str, int]:
    given, made = turn.usage
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


_USED_UP = fails(503, {"error": {"message": "the script is used up"}}, {"x-should-retry": "false"})

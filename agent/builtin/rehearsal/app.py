"""The rehearsal model as an OpenAI-compatible HTTP server (R8.4): no key, no state, no network."""

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.builtin.rehearsal import wire
from agent.builtin.rehearsal.answering import BadRequest, answer
from agent.builtin.rehearsal.shapes import mapping

SECONDS_PER_ANSWER = {"rehearsal": 0.0, "rehearsal-slow": 0.5}
"""The models, and how long each thinks: the slow one is for people who want to watch."""

_LARGEST_BODY = 32 * 1024 * 1024


def create_app() -> Starlette:
    """The application: `/v1/chat/completions`, `/v1/models` and `/health`."""
    return Starlette(
        routes=[
            Route("/v1/chat/completions", _complete, methods=["POST"]),
            Route("/v1/models", _models),
            Route("/health", _health),
        ]
    )


async def _complete(request: Request) -> Response:
    try:
        body = await _body(request)
        spoken = answer(body)
    except BadRequest as refusal:
        return _json(wire.error(str(refusal)), 400)
    except _UnknownModel as refusal:
        return _json(wire.error(str(refusal), code="model_not_found"), 404)
    await asyncio.sleep(SECONDS_PER_ANSWER[body["model"]])
    if body.get("stream"):
        return StreamingResponse(wire.stream(body, spoken), media_type="text/event-stream")
    return _json(wire.document(body, spoken))


class _UnknownModel(ValueError):
    """The request names a model that is not served here."""


async def _body(request: Request) -> dict[str, Any]:
    content = await _read(request)
    try:
        body = mapping(json.loads(content))
    except ValueError as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error
    if body.get("model") not in SECONDS_PER_ANSWER:
        raise _UnknownModel(f"There is no model {body.get('model')!r}; available: {', '.join(SECONDS_PER_ANSWER)}.")
    return body


async def _read(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > _LARGEST_BODY:
            raise BadRequest(f"The body is larger than {_LARGEST_BODY} bytes; send less.")
    return bytes(parts)


async def _models(_: Request) -> Response:
    return _json(wire.models(list(SECONDS_PER_ANSWER)))


async def _health(_: Request) -> Response:
    return _json({"status": "ok"})


def _json(document: object, status: int = 200) -> Response:
    """ASCII only: a lone surrogate in what is quoted must not break the answer."""
    return Response(json.dumps(document), status_code=status, media_type="application/json")

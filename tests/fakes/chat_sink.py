"""Stands for the chat services and a webhook receiver: takes what is posted, and answers as each vendor does."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.serving import serving

Answer = Callable[[], Response]

SUCCESS: dict[str, Answer] = {
    "dingtalk": lambda: JSONResponse({"errcode": 0, "errmsg": "ok"}),
    "lark": lambda: JSONResponse({"code": 0, "msg": "success", "data": {}}),
    "old lark": lambda: JSONResponse({"StatusCode": 0, "StatusMessage": "success", "Extra": None}),
    "wecom": lambda: JSONResponse({"errcode": 0, "errmsg": "ok"}),
    "slack": lambda: PlainTextResponse("ok"),
    "teams": lambda: Response(status_code=202),
    "webhook": lambda: Response(status_code=204),
}
FAILURE: dict[str, Answer] = {
    "dingtalk": lambda: JSONResponse({"errcode": 310000, "errmsg": "sign not match"}),
    "lark": lambda: JSONResponse({"code": 19024, "msg": "Key Words Not Found", "data": {}}),
    "old lark": lambda: JSONResponse({"StatusCode": 9499, "StatusMessage": "Bad Request"}),
    "wecom": lambda: JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url"}),
    "slack": lambda: PlainTextResponse("invalid_payload"),
    "teams": lambda: PlainTextResponse("Webhook message delivery failed with error: Teams endpoint returned HTTP error 429"),
    "webhook": lambda: PlainTextResponse("no", status_code=422),
}
"""All but the webhook's come in a 200, and mean that nothing was delivered."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    document: Any


@dataclass(kw_only=True)
class ChatSink:
    """Keeps what came. `answer` decides what the vendor says; `on_arrival` is called before that."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list[Posted])
    answer: Answer = lambda: Response(status_code=204)
    on_arrival: Callable[[Posted], None] = lambda _: None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        """Take one request."""
        raw = await request.body()
        document = await request.json() if raw else None
        posted = Posted(
            path=request.url.path, query=dict(request.query_params), headers=dict(request.headers), raw=raw, document=document
        )
        self.posted.append(posted)
        self.arrived.set()
        self.on_arrival(posted)
        return self.answer()


@asynccontextmanager
async def chat_sink(answer: Answer | None = None) -> AsyncGenerator[ChatSink]:
    """A sink on a free port."""
    sink = ChatSink()
    if answer is not None:
        sink.answer = answer
    async with serving(Starlette(routes=[Route("/{path:path}", sink.take, methods=["POST"])])) as url:
        sink.url = url
        yield sink


def address(service: str, base: str) -> str:
    """The Apprise address of a bot whose vendor is at `base`."""
    return {
        "dingtalk": f"dingtalk://SECabc123@token123/?base={base}",
        "lark": f"lark://secret12@token-123/?base={base}",
        "old lark": f"feishu://token-123/?base={base}",
        "wecom": f"wecombot://key-123/?base={base}",
        "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7ab/?base={base}",
        "teams": f"workflow://prod.example:443/wf123/sig456/?base={base}",
        "webhook": f"{base}/hook",
    }[service]

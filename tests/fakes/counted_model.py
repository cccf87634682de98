"""The rehearsal model with a meter: what it said of its own usage, answer by answer, for comparison with what was recorded."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.builtin.rehearsal.app import create_app
from blueprint.stream import Usage
from tests.fakes.serving import serving

_COUNTS = re.compile(rb'"prompt_tokens": ?(\d+), ?"completion_tokens": ?(\d+)')
_NOTHING = (
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 3}}\n\n'
    b"data: [DONE]\n\n"
)


@dataclass(kw_only=True)
class CountedModel:
    """The running model. With `is_mute` its answers are empty, and counted like all others."""

    url: str = ""
    counted: list[Usage] = field(default_factory=list[Usage])
    is_mute: bool = False

    def take(self) -> Usage:
        """The sum of what was counted since this was asked last."""
        counted, self.counted = self.counted, []
        return sum(counted, Usage())


@asynccontextmanager
async def counted_model() -> AsyncGenerator[CountedModel]:
    """The model on loopback."""
    model = CountedModel()
    app = create_app()
    app.add_middleware(_Meter, model=model)
    async with serving(app) as address:
        model.url = f"{address}/v1"
        yield model


class _Meter:
    """Reads the usage out of every answer as it passes."""

    def __init__(self, app: ASGIApp, model: CountedModel) -> None:
        self._app, self._model = app, model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def pass_on(message: Message) -> None:
            body.extend(message.get("body", b""))
            await send(message)

        app = Response(_NOTHING, media_type="text/event-stream") if self._model.is_mute else self._app
        await app(scope, receive, pass_on)
        for given, made in _COUNTS.findall(bytes(body))[-1:]:
            self._model.counted.append(Usage(input_tokens=int(given), output_tokens=int(made)))

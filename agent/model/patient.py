"""Waits for a model whose endpoint is away, in a run that has time: an outage of minutes costs minutes, not the run (R4.9)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0


@dataclass(frozen=True, kw_only=True)
class PatientModel(Model):
    """A Model over `inner`, which has retries of its own. After `patience_seconds` of waiting its failure stands.

    A refused key, a used-up quota and answers that can't be used are not waited for: they stay what they are.
    """

    inner: Model
    patience_seconds: float
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = monotonic

    @property
    def label(self) -> str:
        """The model's own label."""
        return self.inner.label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer, however often it takes. ModelUnavailable when the patience is at its end."""
        began, wait, paused = self.clock(), FIRST_PAUSE_SECONDS, 0.0
        while True:
            try:
                return await self.inner.reply(messages, tools)
            except ModelUnavailable as error:
                seconds = max(wait, error.retry_after)
                if not error.may_pass or self.clock() - began + seconds > self.patience_seconds:
                    raise _after(error, paused) from None
                logger.warning("%s The run asks again in %.0f s.", error, seconds)
            await self.pause(seconds)
            wait, paused = min(wait * 2, LONGEST_PAUSE_SECONDS), paused + seconds

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A structured answer, without patience: a person waits for it."""
        return await self.inner.structured(messages, schema)


def _after(error: ModelUnavailable, paused: float) -> ModelUnavailable:
    text = f"{error} The run waited {paused:.0f} s for it." if paused else str(error)
    return ModelUnavailable(text, may_pass=error.may_pass, retry_after=error.retry_after)

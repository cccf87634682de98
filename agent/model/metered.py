"""Tells what each request to a model has used, also where nothing usable came of it (R4.5)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration
from agent.model.openai_model import OpenAIModel
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage


@dataclass(frozen=True, kw_only=True)
class Metered(Model):
    """A Model over `inner`; `spent` gets the usage of each request."""

    inner: OpenAIModel
    spent: Callable[[Usage], Awaitable[None]]

    @property
    def label(self) -> str:
        """The model's own label."""
        return self.inner.label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer."""
        try:
            reply = await self.inner.reply(messages, tools)
        except ModelUnavailable:
            await self.spent(self.inner.take_usage())
            raise
        await self.spent(self.inner.take_usage())
        return reply

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A structured answer."""
        try:
            answer = await self.inner.structured(messages, schema)
        except (ModelUnavailable, ValidationError):
            await self.spent(self.inner.take_usage())
            raise
        await self.spent(self.inner.take_usage())
        return answer

"""Writes down what a run's model has used where no answer came of it: it is paid for all the same (R4.5)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration
from agent.model.openai_model import OpenAIModel
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage, Wasted


@dataclass(frozen=True, kw_only=True)
class Accounted(Model):
    """A Model over `inner`. A reply brings its own usage; `write` gets an event for that of a request that failed."""

    inner: OpenAIModel
    write: Callable[[Wasted], Awaitable[None]]

    @property
    def label(self) -> str:
        """The model's own label."""
        return self.inner.label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer."""
        self.inner.take_usage()
        try:
            return await self.inner.reply(messages, tools)
        except ModelUnavailable:
            usage = self.inner.take_usage()
            if usage.input_tokens or usage.output_tokens:
                await self.write(Wasted(usage=usage))
            raise

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A structured answer, with its usage."""
        return await self.inner.structured(messages, schema)

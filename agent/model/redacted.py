"""Keeps known secrets out of what a model endpoint says: its answers and its errors (R9.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration, WireCall
from agent.redaction import Redaction
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage


@dataclass(frozen=True, kw_only=True)
class RedactedModel(Model):
    """A Model over `inner`. An error loses its cause, which holds the endpoint's words as they came."""

    inner: Model
    redaction: Redaction

    @property
    def label(self) -> str:
        """The model's own label."""
        return self.redaction.text(self.inner.label)

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer, redacted: a call can't carry a secret away either."""
        try:
            reply = await self.inner.reply(messages, tools)
        except ModelUnavailable as error:
            raise self._unavailable(error) from None
        return replace(
            reply,
            text=self.redaction.text(reply.text),
            reasoning=self.redaction.text(reply.reasoning),
            calls=tuple(self._call(call) for call in reply.calls),
        )

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A structured answer; errors redacted."""
        try:
            return await self.inner.structured(messages, schema)
        except ModelUnavailable as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: ModelUnavailable) -> ModelUnavailable:
        return type(error)(self.redaction.text(str(error)), may_pass=error.may_pass, retry_after=error.retry_after)

    def _call(self, call: WireCall) -> WireCall:
        """Only known secrets are taken out: arguments that a person may approve must be the ones that are used."""
        return replace(call, arguments=self.redaction.known(call.arguments))

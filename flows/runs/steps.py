"""Makes each model request and each tool call a step of the run's picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration
from agent.tools.toolset import ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall
from blueprint.stream import Usage
from flows.runs.picture import Picture
from flows.runs.stopping import StopRequest


@dataclass(frozen=True, kw_only=True)
class StepModel(Model):
    """A model whose replies are task runs called `reason`. It is not asked when the worker stops: StopAsked."""

    inner: Model
    picture: Picture
    stop: StopRequest

    @property
    def label(self) -> str:
        """The model's own label."""
        return self.inner.label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer, as a step."""
        await self.stop.heed(self.picture)
        return await self.picture.step("reason", lambda: self.inner.reply(messages, tools))

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """A structured answer, as a step."""
        await self.stop.heed(self.picture)
        return await self.picture.step("plan", lambda: self.inner.structured(messages, schema))


@dataclass(frozen=True, kw_only=True)
class StepToolset(Toolset):
    """Tools whose calls are task runs called `server.tool`."""

    inner: Toolset
    picture: Picture

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """Make the call, as a step."""
        return await self.picture.step(call.name, lambda: self.inner.call(call))

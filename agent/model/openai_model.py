"""A Model behind an OpenAI-compatible endpoint, over Chat Completions (R8.1, R4.9)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from agent.model.concessions import Concession, conceded, concession_for
from agent.model.endpoint import Endpoint, Pause
from agent.model.failures import LONGEST_PAUSE_SECONDS, EndpointFailure, Kind
from agent.model.model import Message, Reply, Structured, ToolDeclaration
from agent.model.schema import tool_schema
from agent.model.structured import Ladder
from blueprint.connections import ModelConnection
from blueprint.errors import ConversationTooLong, ModelUnavailable
from blueprint.stream import Usage


class OpenAIModel:
    """The model of a connection. It remembers what its endpoint does not take, so keep one for as long as it is used.

    InvalidInput at once when the address or the key can't be used; no request is made before the first question. What an
    outage is depends on whether the endpoint `has_answered` before: a run that goes on in a new process knows it did.
    """

    def __init__(self, connection: ModelConnection, *, has_answered: bool = False, pause: Pause = asyncio.sleep) -> None:
        self._connection = connection
        self._endpoint = Endpoint(connection, has_answered=has_answered, pause=pause)
        self._conceded: frozenset[Concession] = frozenset()
        self._used = Usage()
        self._ladder = Ladder(self._ask)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the endpoint."""
        await self._endpoint.aclose()

    @property
    def label(self) -> str:
        """Name and address for people, without secrets: 'rehearsal at 127.0.0.1:4210'."""
        return self._endpoint.label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next answer. ModelUnavailable when the endpoint does not give a usable one over all retries."""
        body: dict[str, Any] = {"messages": list(messages)}
        if tools:
            body["tools"] = [_declared(tool) for tool in tools]
        try:
            return await self._ask(body)
        except EndpointFailure as failure:
            raise self._unavailable(failure) from failure

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """An answer as a value of `schema`. ValidationError when what came does not fit; ModelUnavailable as in `reply`."""
        try:
            return await self._ladder.structured(messages, schema)
        except EndpointFailure as failure:
            raise self._unavailable(failure) from failure

    def take_usage(self) -> Usage:
        """What all requests have used since this was asked last."""
        used, self._used = self._used, Usage()
        return used

    async def _ask(self, body: dict[str, Any], *, no_retry_on: frozenset[int] = frozenset()) -> Reply:
        """Ask, and ask again without the parts that the endpoint refuses; what helped is kept for the next request."""
        whole = body | {"max_tokens": self._connection.max_output_tokens, "stream_options": {"include_usage": True}}
        made, wasted = self._conceded, Usage()
        while True:
            try:
                reply = await self._endpoint.ask(conceded(whole, made), no_retry_on=no_retry_on)
            except EndpointFailure as failure:
                self._used += failure.usage
                wasted += failure.usage
                further = concession_for(failure, whole, made)
                if further is None:
                    raise
                made |= {further}
            else:
                self._conceded = made
                self._used += reply.usage
                return replace(reply, usage=reply.usage + wasted, wasted=reply.wasted + wasted)

    def _unavailable(self, failure: EndpointFailure) -> ModelUnavailable:
        tries = failure.tries
        if failure.retry_after > LONGEST_PAUSE_SECONDS:
            tries = f" and asks to wait {failure.retry_after:.0f} s"
        kind = ConversationTooLong if failure.kind is Kind.TOO_LONG else ModelUnavailable
        return kind(
            f"The model {self.label} {failure}{tries}. {failure.advice} Endpoint: {self._connection.name!r}.",
            may_pass=failure.may_pass,
            retry_after=failure.retry_after,
        )


def _declared(tool: ToolDeclaration) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool_schema(tool.parameters)},
    }

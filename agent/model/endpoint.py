"""One chat-completions endpoint: sends a request and gives the whole answer, with deadlines and retries in one place."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI

from agent.model.accumulator import Accumulator
from agent.model.failures import LONGEST_PAUSE_SECONDS, EndpointFailure, Kind, error_in, refused, seconds_to_wait, words_in
from agent.model.model import Reply
from agent.model.tokens import tokens_of
from agent.model.wire import END_OF_STREAM, BodyReader, UnreadableAnswer, clean, read_document
from blueprint.connections import ModelConnection
from blueprint.errors import InvalidInput
from blueprint.stream import Usage

logger = logging.getLogger(__name__)

Body = dict[str, Any]
"""The JSON of a chat-completions request, without `model` and `stream`."""

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

_FIRST_PAUSE_SECONDS, _LONGEST_BACKOFF_SECONDS = 0.5, 30.0
_CONNECT_SECONDS = 10.0
_DRAIN_SECONDS = 0.1


class Endpoint:
    """Asks one model. Everything is streamed, and every way in which it fails is an EndpointFailure.

    `has_answered` says that it did so before, in an earlier process perhaps.
    """

    def __init__(self, connection: ModelConnection, *, has_answered: bool = False, pause: Pause = asyncio.sleep) -> None:
        self._connection, self._pause = connection, pause
        self._key = checked_key(connection)
        note = f" ({connection.note})" if connection.note else ""
        self.label = f"{connection.model} at {checked_host(connection)}{note}"
        self._client = _client(connection, self._key)
        self._has_answered = has_answered

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, body: Body, *, no_retry_on: frozenset[int] = frozenset()) -> Reply:
        """The answer to `body`, tried again after transient failures unless their status is in `no_retry_on`.

        Its usage is that of all tries: answers that can't be used are paid for, too.
        """
        wasted, earlier = Usage(), list[EndpointFailure]()
        for attempt in range(self._connection.max_retries + 1):
            try:
                reply = await self._attempt(body)
                self._has_answered = True
                return replace(reply, usage=reply.usage + wasted, wasted=wasted)
            except EndpointFailure as failure:
                wasted += self._priced(failure.usage)
                failure.detail = self._without_key(failure.detail)
                is_last = attempt == self._connection.max_retries or failure.retry_after > LONGEST_PAUSE_SECONDS
                if is_last or not failure.is_transient or failure.status in no_retry_on:
                    failure.earlier, failure.has_answered, failure.usage = earlier, self._has_answered, wasted
                    raise
                earlier.append(failure)
                seconds = failure.retry_after or backoff(attempt)
                logger.info("The model %s %s; trying again in %.1f s", self.label, failure, seconds)
            await self._pause(seconds)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, body: Body) -> Reply:
        # No cause is kept: the endpoint's words are in it as they came, perhaps with the key.
        seconds = self._connection.request_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                reply = await self._exchange(body)
        except APIStatusError as error:
            raise _refusal(error) from None
        except (APITimeoutError, httpx2.TimeoutException) as error:
            idle = f"sent nothing for {self._connection.idle_timeout_seconds:g} s"
            raise EndpointFailure(Kind.SLOW, "can't be reached in time" if _is_connecting(error) else idle) from None
        except TimeoutError:
            raise EndpointFailure(Kind.SLOW, f"did not finish its answer within {seconds:g} s") from None
        except (APIConnectionError, httpx2.HTTPError, OSError, anyio.EndOfStream) as error:  # EndOfStream: TLS cut short
            raise _broken_connection(error) from None
        except UnreadableAnswer as error:
            claim = "did not answer with a chat completion"
            raise EndpointFailure(Kind.NONSENSE, claim, detail=str(error), status=200) from None
        return replace(reply, usage=self._priced(_counted(reply, body)))

    async def _exchange(self, body: Body) -> Reply:
        # The messages go in as extra fields: the SDK would walk through all of them at each request, which takes longer
        # than everything else that a step does.
        parts, accumulator = clean(body), Accumulator()
        async with self._client.chat.completions.with_streaming_response.create(
            model=self._connection.model,
            messages=[],
            stream=True,
            extra_body=parts | self._connection.extra_body,
        ) as response:
            await _take_all(response.iter_bytes(), accumulator)
        return accumulator.reply()

    def _priced(self, usage: Usage) -> Usage:
        cost = (
            usage.input_tokens * self._connection.price_per_million_input
            + usage.output_tokens * self._connection.price_per_million_output
        )
        return usage.model_copy(update={"cost": cost / 1_000_000})

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _counted(reply: Reply, body: Body) -> Usage:
    """As the endpoint counted; some count nothing, and budgets are to hold there, too."""
    if reply.usage.input_tokens or reply.usage.output_tokens:
        return reply.usage
    made = [reply.text, reply.reasoning, *(call.arguments for call in reply.calls)]
    return Usage(input_tokens=tokens_of(body), output_tokens=tokens_of(made), is_estimated=True)


def backoff(attempt: int) -> float:
    """Seconds before the next try after `attempt` (0, 1, …): doubling, with jitter so that many clients spread out."""
    return min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_BACKOFF_SECONDS) * random.uniform(0.5, 1)


def checked_host(connection: ModelConnection) -> str:
    """Host and port of the base URL, never its credentials. InvalidInput when it is no HTTP address."""
    try:
        address = urlsplit(connection.base_url.strip())
        port = f":{address.port}" if address.port else ""
    except ValueError:
        address, port = urlsplit(""), ""
    if address.scheme not in ("http", "https") or not address.hostname:
        given = connection.base_url.rpartition("@")[2]
        raise InvalidInput(
            f"Model endpoint {connection.name!r} has the base URL {given!r}, which is no HTTP address; "
            "write for example 'http://127.0.0.1:8080/v1'."
        )
    return f"[{address.hostname}]{port}" if ":" in address.hostname else f"{address.hostname}{port}"


def checked_key(connection: ModelConnection) -> str:
    """The key without blanks around it, which pasting brings. InvalidInput when no HTTP header can hold it."""
    key = connection.api_key.get_secret_value().strip()
    if not (key.isascii() and key.isprintable()):
        raise InvalidInput(
            f"The API key of model endpoint {connection.name!r} holds characters that no key has; copy it once more."
        )
    return key


def _client(connection: ModelConnection, key: str) -> AsyncOpenAI:
    idle = connection.idle_timeout_seconds
    client = AsyncOpenAI(
        base_url=connection.base_url.strip(),
        api_key=key or "none",  # the SDK refuses an empty one; servers without keys pass over it
        admin_api_key="",
        max_retries=0,
        # Stated here, it wins over an Authorization in OPENAI_CUSTOM_HEADERS, which belongs to another endpoint.
        default_headers={"Authorization": f"Bearer {key or 'none'}"},
        http_client=httpx2.AsyncClient(
            timeout=httpx2.Timeout(idle, connect=_CONNECT_SECONDS),
            # A redirect would take the conversation to an address that nobody configured.
            follow_redirects=False,
            trust_env=not _is_loopback(urlsplit(connection.base_url.strip()).hostname or ""),
        ),
    )
    client.organization = client.project = None  # the SDK takes them from the environment
    return client


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def _take_all(chunks: AsyncIterator[bytes], accumulator: Accumulator) -> None:
    body = BodyReader()
    async for chunk in chunks:
        if _take(body.feed(chunk), accumulator):
            return await _drain(chunks)
    _take(body.end(), accumulator)


def _take(texts: list[str], accumulator: Accumulator) -> bool:
    """Feed the documents; whether the end of the stream was among them."""
    for text in texts:
        if text == END_OF_STREAM:
            accumulator.end()
            return True
        document = read_document(text)
        if failure := error_in(document):
            raise failure
        accumulator.feed(document)
    return False


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the end, so that the connection can be used again; an endpoint that keeps it open is left."""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in chunks:
                pass


def _refusal(error: APIStatusError) -> EndpointFailure:
    headers: Mapping[str, str] = error.response.headers
    verdict = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    words = headers.get("location", "") if error.status_code < 400 else words_in(error.body)
    return refused(error.status_code, words, retry_after=seconds_to_wait(headers, datetime.now(UTC)), is_transient=verdict)


def _is_connecting(error: Exception) -> bool:
    return isinstance(error.__cause__, httpx2.ConnectTimeout)


def _broken_connection(error: Exception) -> EndpointFailure:
    cause = error.__cause__ or error
    claim = "can't be reached" if isinstance(cause, httpx2.ConnectError) else "broke off its answer"
    return EndpointFailure(Kind.DOWN, claim, detail=str(cause) or type(cause).__name__)

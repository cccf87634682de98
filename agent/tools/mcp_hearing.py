"""Hears what a tool server says unasked: that its tools have changed, and what it wants to know during a call."""

import logging
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError
from mcp import Client, MCPError
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.types import INTERNAL_ERROR, ElicitRequestParams, ElicitResult, ErrorData, ToolListChangedNotification
from pydantic import ValidationError

from agent.tools.toolset import Unanswered
from agent.tools.wishes import Filled, Replies, read_wish
from blueprint.policy import ToolCall

logger = logging.getLogger(__name__)

_FAILURES = (MCPError, SubscriptionLost, ValidationError, BrokenResourceError, ClosedResourceError)
_REFUSAL_CHARS = 2_000
_NO_SUCH_TOOL = re.compile(
    r"(unknown|no such) tool|tool\b.{0,200}?\b(not found|unknown|does not exist|is not available)", re.I | re.S
)


@dataclass(kw_only=True)
class Exchange:
    """One call while it is made; `open_wish` is what a person must be asked before it can be made again."""

    call: ToolCall
    open_wish: Unanswered | None = None


class Hearing:
    """The ears of one connection, over all of its processes."""

    def __init__(self, replies: Replies, hide: Callable[[str], str]) -> None:
        self._replies = replies
        self._hide = hide
        self._exchanges: list[Exchange] = []
        self.is_outdated = False
        """Whether the tools are others than when they were listed last."""

    @contextmanager
    def during(self, call: ToolCall) -> Generator[Exchange]:
        """What the server wants to know inside is about `call`."""
        exchange = Exchange(call=call)
        self._exchanges.append(exchange)
        try:
            yield exchange
        finally:
            self._exchanges.remove(exchange)

    def note_refusal(self, text: str) -> None:
        """A call was refused with these words: perhaps the server no longer has the tool."""
        self.is_outdated = self.is_outdated or _NO_SUCH_TOOL.search(text[:_REFUSAL_CHARS]) is not None

    async def message(self, message: object) -> None:
        """Take a notification of a server that keeps a session."""
        if isinstance(message, ToolListChangedNotification):
            self.is_outdated = True

    async def listen(self, client: Client) -> None:
        """Hear of changed tools from a server that keeps no session, for as long as it tells of them."""
        tools = client.server_capabilities.tools
        if tools is None or not tools.list_changed:
            return
        try:
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    self.is_outdated = True
        except ListenNotSupportedError:
            return  # it keeps a session, and sends notifications
        except _FAILURES as error:
            logger.info("A tool server does not tell any more when its tools change: %s", self._hide(str(error)))

    async def elicit(self, context: Any, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """The person's answer where it is known; else the call fails and says that they are asked."""
        if len(self._exchanges) != 1:  # nothing is at work, or nobody can tell which call is meant
            return ElicitResult(action="decline")
        exchange = self._exchanges[0]
        wish = read_wish(exchange.call.name, params, self._hide)
        if wish.problem:
            logger.warning("%s asks for something and gets no answer: %s", exchange.call.name, wish.problem)
        reply = self._replies(exchange.call, wish)
        if isinstance(reply, Filled):
            return ElicitResult(action="decline" if reply.content is None else "accept", content=reply.content)
        exchange.open_wish = reply
        return ErrorData(code=INTERNAL_ERROR, message="A person is asked; the call is made again with the answer.")

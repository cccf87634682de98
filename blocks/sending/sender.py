"""Sends one notification through a channel, and tells a failure from a success where services blur the two (R7.2)."""

import asyncio
import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote, urlsplit

from blocks.sending.apprise_sender import AppriseSender
from blocks.sending.webhook import WebhookSender
from blueprint.errors import ChannelFailed
from blueprint.notification import Channel, Dialect, Outgoing
from blueprint.secrets import MARK, without_secrets

_SHORTEST_SECRET = 5
_HAVE_HOSTS = ("http", "https", "mailto", "mailtos", "workflow", "workflows")

SEND_SECONDS = 40.0
"""A mail server may take its time; what takes longer may have arrived or not."""


class Sender(Protocol):
    """One channel's way out."""

    @property
    def dialect(self) -> Dialect:
        """How the body has to be written."""
        ...

    @property
    def most_bytes(self) -> int:
        """How long title and body may be together, in UTF-8."""
        ...

    def send(self, outgoing: Outgoing) -> None:
        """Send, blocking; ChannelFailed when it was not taken."""
        ...


Write = Callable[[Dialect, int], Outgoing]
"""Writes the notification in a dialect, within so many bytes."""


async def send(channel: Channel, write: Write) -> None:
    """Send one notification within `SEND_SECONDS`, beside the event loop, since the libraries block.

    InvalidInput when the channel's address can't be used, ChannelFailed when it was not taken, TimeoutError when nobody knows.
    """
    try:
        async with asyncio.timeout(SEND_SECONDS):
            sender = await asyncio.to_thread(sender_for, channel)
            await asyncio.to_thread(sender.send, write(sender.dialect, sender.most_bytes))
    except ChannelFailed as failure:  # what services say may repeat the address to us
        raise ChannelFailed(_without_address(str(failure), channel), may_have_arrived=failure.may_have_arrived) from None


def sender_for(channel: Channel) -> Sender:
    """How `channel` is sent to; InvalidInput when its address can't be used."""
    return WebhookSender.of(channel) if channel.kind == "webhook" else AppriseSender.of(channel)


def _host(url: str) -> str:
    """The host, where it is one: in the addresses of chats a token stands in its place."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in _HAVE_HOSTS else ""
    except ValueError:
        return ""


def _without_address(words: str, channel: Channel) -> str:
    """`words` without the signing key and any part of the address that may be a secret (R9.1)."""
    url, key = channel.url.get_secret_value(), channel.signing_key.get_secret_value()
    parts = {part for part in (*re.split(r"[/:@?&=]+", url)[1:], key) if len(part) >= _SHORTEST_SECRET} - {_host(url)}
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        words = words.replace(part, MARK)
    return without_secrets(words)

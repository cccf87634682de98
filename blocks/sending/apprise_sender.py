"""Sends through Apprise: mail, phones and chats, with our own plugins where Apprise's do not hear what a vendor says."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# Apprise's plugins have no types.

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apprise import Apprise, NotifyFormat, NotifyType
from apprise.manager_plugins import NotificationManager

from blocks.sending.bots import BOTS, Bot
from blueprint.errors import ChannelFailed, InvalidInput
from blueprint.notification import Channel, Dialect, Outgoing
from blueprint.stream import Severity

ID_HEADER = "X-Missions-Id"
"""Mails carry the notification's id in it."""

_MOST_BYTES = 100_000
_TYPES = {
    Severity.OK: NotifyType.SUCCESS,
    Severity.INFO: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
}


@dataclass(frozen=True, kw_only=True)
class AppriseSender:
    """One Apprise address."""

    url: str = field(repr=False)
    plugin: Any = field(repr=False)

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """The sender of a channel; InvalidInput, without a word of the address, when Apprise can't use it."""
        _register()
        url, base = _base_of(channel.url.get_secret_value().strip())
        with _heard():
            plugin = Apprise.instantiate(url, suppress_exceptions=True)
        if not plugin:
            raise InvalidInput(f"The address of channel {channel.name!r} is no Apprise URL that can be used.")
        if isinstance(plugin, Bot):
            plugin.base = base
        return cls(url=url, plugin=plugin)

    @property
    def dialect(self) -> Dialect:
        """HTML for mail, the bots' own, else plain text."""
        if isinstance(self.plugin, Bot):
            return self.plugin.dialect
        return Dialect.HTML if self.is_mail else Dialect.TEXT

    @property
    def is_mail(self) -> bool:
        """Whether it is an SMTP address."""
        return self.plugin.__class__.__name__ == "NotifyEmail"

    @property
    def most_bytes(self) -> int:
        """The vendor's limit, or what Apprise knows of it in characters."""
        if isinstance(self.plugin, Bot):
            return self.plugin.most_bytes
        return _MOST_BYTES if self.is_mail else min(_MOST_BYTES, self.plugin.body_maxlen or _MOST_BYTES)

    def send(self, outgoing: Outgoing) -> None:
        """Send; ChannelFailed, with the words of Apprise, when it was not taken."""
        if isinstance(self.plugin, Bot):
            self.plugin.send(outgoing.body, outgoing.title)
            return
        if self.is_mail:
            self.plugin.headers[ID_HEADER] = outgoing.id
            self.plugin.notify_format = NotifyFormat.HTML
        body_format = NotifyFormat.HTML if self.is_mail else NotifyFormat.TEXT
        with _heard() as said:
            is_sent = self.plugin.notify(
                body=outgoing.body, title=outgoing.title, notify_type=_TYPES[outgoing.severity], body_format=body_format
            )
        if not is_sent:
            raise ChannelFailed(" ".join(said) or "Apprise could not send it and did not say why.", may_have_arrived=True)


_ONE_AT_A_TIME = threading.Lock()


def _register() -> None:
    with _ONE_AT_A_TIME:
        _registered()


@cache
def _registered() -> None:
    """Our plugins take the place of Apprise's; what it logs holds addresses, so it goes nowhere by itself."""
    services = NotificationManager()
    for bot in BOTS:
        services.add(bot, force=True)
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)


class _Words(logging.Handler):
    """What Apprise says in one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.said = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.said.append(record.getMessage())


@contextmanager
def _heard() -> Generator[list[str]]:
    words, logger = _Words(), logging.getLogger("apprise")
    logger.addHandler(words)
    try:
        yield words.said
    finally:
        logger.removeHandler(words)


def _base_of(url: str) -> tuple[str, str]:
    """The address without its `base`, and that."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    base = next((value for name, value in query if name == "base"), "")
    if not base:
        return url, ""
    kept = urlencode([(name, value) for name, value in query if name != "base"])
    return urlunsplit(parts._replace(query=kept)), base

"""Where the logins to tool servers are kept, and how a person is led through a new one."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from blueprint.connections import ToolLogin


class Logins(Protocol):
    """The logins of an installation, by the names of the tool servers. Every method raises Unavailable when it can't."""

    async def load(self, server: str) -> ToolLogin | None:
        """The login as it is kept now; None when there is none."""
        ...

    async def save(self, server: str, login: ToolLogin) -> None:
        """Keep this login in place of the one before."""
        ...

    def alone(self, server: str) -> AbstractAsyncContextManager[None]:
        """Inside, nobody else renews this login: many servers end a login whose refresh token is used twice."""
        ...


class NoLogins:
    """Nobody has logged in anywhere."""

    async def load(self, server: str) -> ToolLogin | None:
        """None."""
        return None

    async def save(self, server: str, login: ToolLogin) -> None:
        """Keep nothing."""

    def alone(self, server: str) -> AbstractAsyncContextManager[None]:
        """At once."""
        return nullcontext()


class Visit(Protocol):
    """A person's way to an authorisation server and back."""

    @property
    def redirect_uri(self) -> str:
        """Where the authorisation server is to send them afterwards."""
        ...

    async def lead(self, address: str) -> None:
        """Send the person to `address`."""
        ...

    async def answer(self) -> Mapping[str, str]:
        """The parameters with which they came back; ToolServerUnavailable when they did not in time."""
        ...

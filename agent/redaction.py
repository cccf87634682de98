"""Takes the secrets of a run's connections out of whatever comes back from outside (R9.1). Pure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import JsonValue, SecretStr

from blueprint.connections import ModelConnection, StdioServer, ToolServerConnection
from blueprint.secrets import MARK, replaced, without_secrets


@dataclass(frozen=True, kw_only=True)
class Redaction:
    """The secrets that this process knows. What is in a secret field counts as one unless it is plainly a setting."""

    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    issued: Callable[[], Iterable[str]] = field(default=frozenset[str], repr=False)
    """Gives the secrets that came to be known only later: a tool server's access was renewed."""

    @classmethod
    def of(
        cls,
        servers: Sequence[ToolServerConnection],
        model: ModelConnection | None = None,
        *,
        issued: Callable[[], Iterable[str]] = frozenset[str],
    ) -> Self:
        """All secrets of these connections: keys, environment, headers, passwords in URLs; and those `issued` meanwhile."""
        found = {secret for server in servers for secret in _of_server(server)}
        if model is not None:
            found |= {*_parts(model.api_key.get_secret_value()), *_password(model.base_url)}
        return cls(secrets=frozenset(found), issued=issued)

    def text(self, text: str) -> str:
        """`text` without the known secrets, and without what looks like one."""
        return without_secrets(self.known(text))

    def known(self, text: str) -> str:
        """`text` with every known secret replaced, also where it is escaped for JSON or for a URL."""
        known = {*self.secrets, *(secret for secret in self.issued() if len(secret) >= _SHORTEST)}
        spellings = {spelling for secret in known for spelling in _spellings(secret)}
        if not spellings:
            return text
        longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        pattern = re.compile("|".join(map(re.escape, longest_first)))
        return replaced(pattern, MARK, text, longest=len(longest_first[0]))

    def json(self, value: JsonValue) -> JsonValue:
        """`value` with every string in it, names of fields too, as `text` gives it."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self.json(item) for name, item in value.items()}
            case list():
                return [self.json(item) for item in value]
            case _:
                return value


def _of_server(connection: ToolServerConnection) -> Iterator[str]:
    server = connection.server
    yield from _of_fields(server.environment if isinstance(server, StdioServer) else server.headers)
    if not isinstance(server, StdioServer):
        yield from _password(server.url)
        if server.oauth is not None:
            yield from _parts(server.oauth.client_secret.get_secret_value())


def _of_fields(values: Mapping[str, SecretStr]) -> Iterator[str]:
    for name, secret in values.items():
        value = secret.get_secret_value().strip()
        yield from _password(value)
        if _NAMES_A_SECRET.search(name) or not _is_setting(value):
            yield from _parts(value)


def _parts(value: str) -> Iterator[str]:
    """A secret, its lines, and what follows the scheme in 'Bearer …': each may be repeated without the others."""
    value = value.strip()
    for part in {value, *value.splitlines(), value.rpartition(" ")[2]}:
        if len(part) >= _SHORTEST:
            yield part


def _password(address: str) -> Iterator[str]:
    try:
        password = unquote(urlsplit(address).password or "")
    except ValueError:
        return
    if len(password) >= _SHORTEST:
        yield password


def _spellings(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret), quote(secret, safe="")}


def _is_setting(value: str) -> bool:
    return len(value) < _SHORTEST_UNNAMED or _SETTING.fullmatch(value) is not None


_SHORTEST, _SHORTEST_UNNAMED = 6, 8
"""Shorter ones would blot out ordinary words and numbers."""
_NAMES_A_SECRET = re.compile(r"key|token|secret|pass|pwd|credential|auth|cookie|private|signature|dsn", re.I)
_SETTING = re.compile(
    r"(~|\.{1,2})?/\S*"  # a path
    r"|[a-z]{1,12}([-_. ]([a-z]{1,12}|\d{1,3}))*"  # words: us-east-1, production
    r"|[\d.:]+"  # a number, an address
    r"|[a-z]+://[^\s@?]+"  # a URL without credentials
    r"|[a-z]+/[a-z+.-]+",  # a media type
    re.I,
)

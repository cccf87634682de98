"""Gives every tool a wire name that is unique over all servers and that every model provider accepts."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

MAX_LENGTH = 64
_HASH_LENGTH = 8


def wire_names(tools: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The wire name of each (server, tool): `server__tool` in `[A-Za-z0-9_-]`, starting with a letter, at most 64 long.

    A name that had to be cut, or that another tool would share, ends in a hash of the real one, so the result
    does not depend on the order of the tools.
    """
    plain = {tool: _sanitised(*tool) for tool in dict.fromkeys(tools)}
    shared = Counter(plain.values())
    return {tool: name if shared[name] == 1 and len(name) <= MAX_LENGTH else _hashed(tool, name) for tool, name in plain.items()}


def _sanitised(server: str, tool: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}__{tool}")
    return name if name[0].isalpha() else f"t{name}"


def _hashed(tool: tuple[str, str], name: str) -> str:
    mark = hashlib.sha256("\0".join(tool).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{name[: MAX_LENGTH - _HASH_LENGTH - 1]}_{mark}"

"""What the rehearsal model says in one answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONFESSION = "Written by the rehearsal model, which is rule-based and no language model."
"""Ends every summary (R8.4)."""


@dataclass(frozen=True, kw_only=True)
class SpokenCall:
    """One tool call; `name` is as offered."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Text, the thoughts behind it, and calls."""

    text: str
    thoughts: str = ""
    calls: tuple[SpokenCall, ...] = ()

"""Estimates how much of a model's window a conversation takes. Pure."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

from agent.conversation import Conversation
from agent.model.model import ToolDeclaration

BYTES_PER_TOKEN = 3.5
"""On the safe side: English takes 4 to 5, JSON and logs 3 to 4, other scripts about 3."""


def conversation_tokens(state: Conversation, tools: Sequence[ToolDeclaration]) -> int:
    """Of the next request: by its length, or as the endpoint counted the last one when that is more."""
    estimated = tokens_of(state.messages) + tools_tokens(tools)
    if not state.measured:
        return estimated
    return max(estimated, state.measured + tokens_of(state.exchanges[-1][1:]))


def tools_tokens(tools: Sequence[ToolDeclaration]) -> int:
    """Of the declarations, which come with every request."""
    return tokens_of([asdict(tool) for tool in tools])


def tokens_of(value: Any) -> int:
    """Of some JSON."""
    return ceil(len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) / BYTES_PER_TOKEN)

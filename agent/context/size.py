"""Estimates how much of a model's window a conversation takes. Pure."""

from collections.abc import Sequence
from dataclasses import asdict

from agent.conversation import Conversation
from agent.model.model import ToolDeclaration
from agent.model.tokens import tokens_of


def conversation_tokens(state: Conversation, tools: Sequence[ToolDeclaration]) -> int:
    """Of the next request: by its length, or as the endpoint counted the last one when that is more."""
    estimated = tokens_of(state.messages) + tools_tokens(tools)
    if not state.measured:
        return estimated
    return max(estimated, state.measured + tokens_of(state.exchanges[-1][1:]))


def tools_tokens(tools: Sequence[ToolDeclaration]) -> int:
    """Of the declarations, which come with every request."""
    return tokens_of([asdict(tool) for tool in tools])

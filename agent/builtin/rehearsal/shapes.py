"""Looks into JSON of unknown shape: what is not as hoped for counts as empty."""

from typing import Any, cast


def mapping(value: object) -> dict[str, Any]:
    """`value` when it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` when it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_of(message: dict[str, Any]) -> str:
    """The words of a message, also when they come in parts."""
    content = message.get("content")
    return content if isinstance(content, str) else "\n".join(str(mapping(part).get("text", "")) for part in items(content))

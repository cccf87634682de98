"""Turns what a tool server sent back into clean, bounded text for the model and clean JSON for the records."""

import json
import math
import re
from collections.abc import Sequence
from typing import assert_never

from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import JsonValue

from agent.tools.toolset import Attachment

_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def as_text(result: CallToolResult) -> str:
    """What the model reads: the structured result as JSON if there is one, else the text; other parts as one line each."""
    parts = [*_main_text(result), *(_describe(part) for part in result.content if not isinstance(part, TextContent))]
    return "\n".join(parts) or "(The tool answered without any content.)"


def attachments(result: CallToolResult) -> tuple[Attachment, ...]:
    """The pictures, sounds and other files in a result."""
    return tuple(found for part in result.content if (found := _attached(part)) is not None)


def structured(result: CallToolResult) -> JsonValue:
    """The structured result, clean enough for a database: no control characters, no NaN; None when there is none."""
    return clean_json(result.structured_content)


def clean(text: str) -> str:
    """`text` without terminal codes; other control characters and lone surrogates become U+FFFD."""
    plain = _TERMINAL_CODES.sub("", text.replace("\r\n", "\n"))
    return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", plain)


def clean_json(value: JsonValue) -> JsonValue:
    """`value` with every string clean and every number finite."""
    match value:
        case str():
            return clean(value)
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {clean(key): clean_json(item) for key, item in value.items()}
        case list():
            return [clean_json(item) for item in value]
        case _:
            return value


def cut(text: str, limit: int, *, size: int = 0) -> str:
    """`text` in at most `limit` characters: three quarters from its start, the rest from its end, and a line on the gap.

    `size` is the length of the whole when `text` is already a cut of it.
    """
    whole = max(size, len(text))
    if len(text) <= limit:
        return text
    note = f"\n[... {whole - limit:,} or more of {whole:,} characters are left out here ...]\n"
    room = max(limit - len(note), 0)
    tail = room // 4
    return (text[: room - tail] + note + text[len(text) - tail :])[:limit]


def _main_text(result: CallToolResult) -> Sequence[str]:
    """Each text is cleaned once: a large one comes in both forms."""
    match result.structured_content:
        case None:
            return [clean(part.text) for part in result.content if isinstance(part, TextContent)]
        case {"result": str(only), **rest} if not rest:  # how servers wrap a plain string
            return [clean(only)]
        case value:
            return [json.dumps(clean_json(value), ensure_ascii=False)]


def _describe(part: ContentBlock) -> str:
    match part:
        case TextContent():
            return clean(part.text)
        case ImageContent():
            return f"[An image, {clean(part.mime_type)}, {_bytes(part.data)} bytes, not shown.]"
        case AudioContent():
            return f"[A sound, {clean(part.mime_type)}, {_bytes(part.data)} bytes, not played.]"
        case ResourceLink():
            return f"[A link to the resource {clean(part.name)!r} at {clean(str(part.uri))}.]"
        case EmbeddedResource():
            return _describe_resource(part.resource)
        case _:
            assert_never(part)


def _attached(part: ContentBlock) -> Attachment | None:
    match part:
        case ImageContent() | AudioContent():
            return Attachment(mime_type=part.mime_type, base64=part.data)
        case EmbeddedResource(resource=BlobResourceContents() as blob):
            return Attachment(mime_type=blob.mime_type or "", base64=blob.blob)
        case _:
            return None


def _describe_resource(resource: TextResourceContents | BlobResourceContents) -> str:
    match resource:
        case TextResourceContents():
            return f"{clean(str(resource.uri))}:\n{clean(resource.text)}"
        case BlobResourceContents():
            return f"[A file, {clean(str(resource.uri))}, {_bytes(resource.blob)} bytes, not shown.]"


def _bytes(base64_text: str) -> int:
    return len(base64_text.rstrip("=")) * 3 // 4

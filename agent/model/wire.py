"""Reads what an endpoint sends: an event stream, or one document where a stream was asked for; trusts no type in it."""

import json
from typing import Any, cast

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""An answer that is larger is not read to its end."""

END_OF_STREAM = "[DONE]"

_EVENT_FIELDS = ("data:", "event:", "id:", "retry:", ":")


class UnreadableAnswer(ValueError):
    """What came is no JSON object, or too large; `str()` says what it is instead."""


def mapping(value: object) -> dict[str, Any]:
    """`value` when it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` when it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def clean_text(text: str) -> str:
    """`text` that UTF-8 and PostgreSQL can hold: halves of a surrogate pair joined, lone ones and NUL replaced."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd")


def clean(value: Any) -> Any:
    """`value`, any JSON, with every string in it cleaned; the SDK fails on a lone surrogate in a message."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): clean(item) for key, item in mapping(cast(object, value)).items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in cast("list[Any]", value)]
    return value


class BodyReader:
    """Takes a body in pieces and gives its documents: the data of each event of a stream, or the whole body when it is none.

    The first line decides, not the content type, which proxies get wrong. UnreadableAnswer past MAX_ANSWER_BYTES.
    """

    def __init__(self) -> None:
        self._size = 0
        self._line: list[bytes] = []
        self._is_stream: bool | None = None
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[str]:
        """The documents that `chunk` completes."""
        self._size += len(chunk)
        if self._size > MAX_ANSWER_BYTES:
            raise UnreadableAnswer(f"more than {MAX_ANSWER_BYTES // 1024**2} MiB")
        # Split bytes at LF only: text splitters also cut at U+2028, which JSON strings may hold.
        first, *more = chunk.split(b"\n")
        self._line.append(first)
        complete: list[str] = []
        for piece in more:
            complete += self._take_line()
            self._line = [piece]
        return complete

    def end(self) -> list[str]:
        """What the end of the body completes."""
        return self._take_line() + self._flush()

    def _take_line(self) -> list[str]:
        line = b"".join(self._line).removesuffix(b"\r").decode("utf-8", "replace").removeprefix("\ufeff")
        self._line = []
        if self._is_stream is None and line.strip():
            self._is_stream = line.startswith(_EVENT_FIELDS)
        if not self._is_stream:
            self._data.append(line)
        elif line.startswith("data:"):
            self._data.append(line.removeprefix("data:"))
        return self._flush() if self._is_stream and not line else []

    def _flush(self) -> list[str]:
        text = "\n".join(self._data).strip()
        self._data = []
        return [text] if text else []


def read_document(text: str) -> dict[str, Any]:
    """The JSON object in `text`. UnreadableAnswer when there is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableAnswer(_described(text)) from None
    if not isinstance(document, dict):
        raise UnreadableAnswer(_described(text))
    return mapping(cast(object, document))


def excerpt(text: str, length: int = 300) -> str:
    """`text` in one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _described(text: str) -> str:
    return "a web page instead of JSON" if text.lstrip().startswith("<") else f"no JSON object but {excerpt(text, 120)!r}"

"""Finds the values of a call's arguments in texts: the ground of provenance and of evidence."""

import re
import unicodedata
from collections.abc import Iterator

from pydantic import JsonValue


def scalars(value: JsonValue, path: str = "") -> Iterator[tuple[str, str | int | float]]:
    """Every string and number inside `value`, names of inner fields included, each with its place: 'labels.app', 'items[2]'."""
    match value:
        case bool() | None:
            return
        case str() | int() | float():
            yield path, value
        case list():
            for number, item in enumerate(value):
                yield from scalars(item, f"{path}[{number}]")
        case dict():
            for name, item in value.items():
                inner = f"{path}.{name}" if path else name
                if path:
                    yield inner, name
                yield from scalars(item, inner)


def normal(text: str) -> str:
    """The form in which texts are compared: compatible characters and letter case count as equal."""
    return unicodedata.normalize("NFKC", text).casefold()


def occurs(words: str, text: str) -> bool:
    """Whether `text` holds `words`, both in normal form, and not as a part of a longer Latin word or number."""
    if not words or words not in text:
        return False
    before = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", words) else ""
    after = r"(?![a-z0-9])" if re.search(r"[a-z0-9]\Z", words) else ""
    return re.search(before + re.escape(words) + after, text) is not None

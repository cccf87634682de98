"""Reads pieces of a large text and finds words in it, with a bounded share of it in memory (R4.4).

Positions are bytes of UTF-8; a piece that begins or ends inside a character leaves that one out.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from agent.results.results import Page

_BLOCK_BYTES = 1 << 20
_AROUND_BYTES = 200
_LONGEST_CHARACTER = 4


def page_of(file: BinaryIO, position: int, length: int) -> Page:
    """The piece from `position` on; empty past the end."""
    size = file.seek(0, os.SEEK_END)
    start = min(position, size)
    file.seek(start)
    raw = file.read(length)
    text, skipped = _whole_characters(raw, is_end=start + len(raw) >= size)
    end = start + skipped + len(text.encode())
    return Page(text=text, position=start + skipped, end=end, size=size)


def find_in(file: BinaryIO, words: str, position: int, most: int) -> Sequence[Page]:
    """Up to `most` places in which `words` stand, whatever the case of their letters; each with what stands around."""
    found: list[Page] = []
    for start in _matches(file, re.compile(re.escape(words), re.IGNORECASE), position, len(words)):
        around = page_of(file, max(0, start - _AROUND_BYTES), 2 * _AROUND_BYTES + len(words.encode()))
        found.append(Page(text=around.text, position=start, end=around.end, size=around.size))
        if len(found) == most:
            break
    return found


def _matches(file: BinaryIO, wanted: re.Pattern[str], position: int, words_chars: int) -> Iterator[int]:
    """Where matches begin. Blocks overlap by what the words can take at most, so that none is cut in two."""
    overlap = _LONGEST_CHARACTER * words_chars
    start, after = position, position - 1
    while True:
        file.seek(start)
        raw = file.read(_BLOCK_BYTES + overlap)
        text, skipped = _whole_characters(raw, is_end=True)
        for match in wanted.finditer(text):
            place = start + skipped + len(text[: match.start()].encode())
            if place > after:
                after = place
                yield place
        if len(raw) <= _BLOCK_BYTES:
            return
        start += _BLOCK_BYTES


def _whole_characters(raw: bytes, *, is_end: bool) -> tuple[str, int]:
    """The text of `raw` without the torn characters at its ends, and how many bytes were left out at its start."""
    skipped = next((place for place, byte in enumerate(raw[:_LONGEST_CHARACTER]) if byte & 0xC0 != 0x80), 0)
    body = raw[skipped:]
    if is_end:
        return body.decode("utf-8", "ignore"), skipped
    for cut in range(min(_LONGEST_CHARACTER, len(body))):
        try:
            return body[: len(body) - cut].decode(), skipped
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace"), skipped

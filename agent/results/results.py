"""What the agent needs of a place for whole results: keep one, read on in it, find words in it (R4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Page:
    """A piece of a kept text; `position` and `end` are in bytes of UTF-8, of `size` in all."""

    text: str
    position: int
    end: int
    size: int


class Results(Protocol):
    """Whole results of one run. A place is what a result is called: a path relative to the data directory."""

    async def keep_text(self, call_id: str, text: str) -> str:
        """Keep a text; gives its place. OSError when it can't be kept."""
        ...

    async def keep_file(self, call_id: str, mime_type: str, content: bytes) -> str:
        """Keep a picture, a sound or another file; gives its place. OSError when it can't be kept."""
        ...

    async def page(self, place: str, position: int, length: int) -> Page:
        """About `length` bytes from `position` on. OSError when the place can't be read from here."""
        ...

    async def find(self, place: str, words: str, position: int, most: int) -> Sequence[Page]:
        """Where `words` stand from `position` on, in any case of letters, each with some text around. OSError as above."""
        ...

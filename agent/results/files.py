"""Keeps whole results as files under the data directory, a block at a time (R4.4)."""

import asyncio
import mimetypes
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from agent.results.pages import find_in, page_of
from agent.results.results import Page, Results
from blueprint.values import NAME_PATTERN

_BLOCK_CHARS = 1_000_000
_SAFE_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True, kw_only=True)
class ResultFiles(Results):
    """The files of one run: `missions/<id>/results/<run>/<call>.txt` under `home`; nothing is ever overwritten."""

    home: Path
    folder: Path

    @classmethod
    def of_run(cls, home: Path, mission_id: str, run_id: str) -> "ResultFiles":
        """ValueError when an id could lead out of the data directory."""
        for name in (mission_id, run_id):
            if not re.fullmatch(NAME_PATTERN, name):
                raise ValueError(f"{name!r} can't be part of a path; it needs lower-case letters, digits and hyphens")
        return cls(home=home, folder=Path("missions", mission_id, "results", run_id))

    async def keep_text(self, call_id: str, text: str) -> str:
        """Written in blocks, so that no second copy of a large text is made."""
        blocks = (text[start : start + _BLOCK_CHARS].encode("utf-8", "replace") for start in range(0, len(text), _BLOCK_CHARS))
        return await asyncio.to_thread(self._write, call_id, ".txt", blocks)

    async def keep_file(self, call_id: str, mime_type: str, content: bytes) -> str:
        """With the suffix that is usual for its type; `.bin` when there is none."""
        suffix = mimetypes.guess_extension(mime_type) or ".bin"
        suffix = suffix if _SAFE_SUFFIX.fullmatch(suffix) else ".bin"
        return await asyncio.to_thread(self._write, call_id, suffix, iter([content]))

    async def page(self, place: str, position: int, length: int) -> Page:
        """Read from the file alone what is asked for."""
        return await asyncio.to_thread(self._page, place, position, length)

    async def find(self, place: str, words: str, position: int, most: int) -> Sequence[Page]:
        """Look through the file a block at a time."""
        return await asyncio.to_thread(self._find, place, words, position, most)

    def _write(self, call_id: str, suffix: str, blocks: Iterator[bytes]) -> str:
        (self.home / self.folder).mkdir(parents=True, exist_ok=True)
        for number in count(1):
            place = self.folder / (f"{call_id}{suffix}" if number == 1 else f"{call_id}-{number}{suffix}")
            try:
                file = (self.home / place).open("xb")
            except FileExistsError:
                continue
            with file:
                file.writelines(blocks)
                file.flush()
                os.fsync(file.fileno())
            return str(place)
        raise AssertionError("counting does not end")

    def _page(self, place: str, position: int, length: int) -> Page:
        with self._path(place).open("rb") as file:
            return page_of(file, position, length)

    def _find(self, place: str, words: str, position: int, most: int) -> Sequence[Page]:
        with self._path(place).open("rb") as file:
            return find_in(file, words, position, most)

    def _path(self, place: str) -> Path:
        """FileNotFoundError for a place of another run: only what this one has kept is read."""
        path = Path(place)
        if path.parent != self.folder or path.name in ("", ".."):
            raise FileNotFoundError(f"{place!r} is no result of this run")
        return self.home / path

"""Writes reports into the data directory: Markdown, and HTML beside it (R6.4)."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path, PurePosixPath
from uuid import uuid4

from blueprint.values import NAME_PATTERN, zone
from reports.html import html_page
from reports.index import index_page
from reports.text import plain

INDEX = "index.html"
_MOST_READ, _LONGEST_HEADING = 500, 300
"""So many reports are looked into for the index, the newest; older ones are listed by the names of their files."""


def write_index(home: Path, mission_id: str, title: str) -> Path:
    """Write `missions/<id>/artifacts/index.html` from the files that are there, whatever else happens; returns its path.

    ValueError when `mission_id` could lead out of the folder.
    """
    folder = home / _artifacts(mission_id)
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob("????-??/??-??/[0-9]*.html"), key=str, reverse=True)
    pages = [
        (PurePosixPath(page.relative_to(folder).as_posix()), _heading(page.with_suffix(".md")) if place < _MOST_READ else "")
        for place, page in enumerate(found)
    ]
    write_whole(folder / INDEX, index_page(title, pages))
    return folder / INDEX


def _heading(report: Path) -> str:
    """The first line of a report as plain text: what it is about and how it ended. Empty when it can't be read."""
    try:
        with report.open(encoding="utf-8") as file:
            line = file.readline(_LONGEST_HEADING)
    except (OSError, UnicodeDecodeError):
        return ""
    return plain(line).removeprefix("#").strip()


def write_report(home: Path, mission_id: str, at: datetime, timezone: str, name: str, markdown: str, title: str) -> Path:
    """Write `missions/<id>/artifacts/YYYY-MM/MM-DD/<HHMMSS>-<name>.md` and `.html`; returns the first, relative to `home`.

    The times are those of the Mission's zone. No file is ever half there or overwritten with another report: one of the same
    second and name gets a number, and the same report, written again after a crash, its old place.
    ValueError when `mission_id` or `name` could lead out of the folder.
    """
    local = at.astimezone(zone(timezone))
    file = f"{local:%H%M%S}-{_checked(name)}.md"
    folder = _artifacts(mission_id) / f"{local:%Y-%m}" / f"{local:%m-%d}"
    (home / folder).mkdir(parents=True, exist_ok=True)
    path = _write_new(home, folder / file, markdown)
    write_whole(home / path.with_suffix(".html"), html_page(markdown, title, index=f"../../{INDEX}"))
    return path


def _artifacts(mission_id: str) -> Path:
    return Path("missions", _checked(mission_id), "artifacts")


def _checked(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError(f"{name!r} can't be part of a report's path; it needs lower-case letters, digits and hyphens")
    return name


def _write_new(home: Path, wanted: Path, text: str) -> Path:
    """Write the first of `a.md`, `a-2.md`, … that is not taken, or that holds this very text already."""
    for number in count(1):
        path = wanted if number == 1 else wanted.with_stem(f"{wanted.stem}-{number}")
        with _part(home / path, text) as part:
            try:
                os.link(part, home / path)  # unlike a rename, this fails when somebody else was quicker
            except FileExistsError:
                if (home / path).read_text(encoding="utf-8") != text:
                    continue
            return path
    raise AssertionError("counting does not end")


def write_whole(path: Path, text: str) -> None:
    """Put `text` into the file, in place of what it held; nobody ever sees half of it."""
    with _part(path, text) as part:
        os.replace(part, path)


@contextmanager
def _part(path: Path, text: str) -> Generator[Path]:
    """A finished hidden file beside `path` that is gone afterwards, unless it was moved."""
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)

"""Removes a Mission's files: reports, whatever bears its id or a run's, and what the logs say of it (R3.3)."""

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

_NOT_OURS = frozenset({"database", "certificates"})
"""The database forgets by itself; certificates hold no word of a Mission."""

_TELLING_ALL = ("logs/worker.log", "logs/tools")
"""What runs of all Missions say, and tool servers while plans are made, stands there line by line, not saying of which Mission:
these files are emptied. What tool servers say in runs is in a folder of each Mission's own, which goes as a whole.
"""


def remove_files(home: Path, mission_id: str, run_ids: Collection[str]) -> dict[str, int]:
    """Delete them for good; what is gone already is left out of the counts."""
    words = {mission_id, *run_ids}
    named = [path for path in _walk(home) if any(word in path.name for word in words)]
    files = sum(_size(path) for path in named)
    for path in named:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    lines = sum(_without_lines(path, words) for path in _logs(home))
    emptied = [path for name in _TELLING_ALL for path in _rotated(home / name) if _is_emptied(path)]
    return {"files": files, "lines of logs": lines, "logs emptied": len(emptied)}


def files_that_name(home: Path, mission_id: str) -> tuple[list[str], int]:
    """Files whose name or text holds the id, and how many were read; the database's own are not among them."""
    found, count = list[str](), 0
    for path in _walk(home):
        is_file = path.is_file() and not path.is_symlink()
        count += is_file
        if mission_id in path.name or (is_file and _holds(path, mission_id.encode())):
            found.append(str(path.relative_to(home)))
    return found, count


def _walk(home: Path) -> Iterator[Path]:
    """Everything under `home`, folders before what is in them, without what is not ours."""
    for folder, folders, files in os.walk(home):
        if Path(folder) == home:
            folders[:] = [name for name in folders if name not in _NOT_OURS]
        yield from (Path(folder, name) for name in (*folders, *files))


def _size(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(one.is_file() for one in path.rglob("*"))
    return int(path.exists())


def _logs(home: Path) -> list[Path]:
    return [path for path in (home / "logs").rglob("*") if path.is_file()]


def _rotated(log: Path) -> list[Path]:
    """The log with those put aside before it; of a folder the files that lie right in it."""
    if log.is_dir():
        return [path for path in log.iterdir() if path.is_file()]
    return [path for path in log.parent.glob(f"{log.name}*") if path.is_file()]


def _is_emptied(path: Path) -> bool:
    """Their writers append, so they go on in the empty file."""
    had = path.stat().st_size > 0
    os.truncate(path, 0)
    return had


def _without_lines(path: Path, words: Collection[str]) -> int:
    """Take the lines with one of these words out of a log that may be written meanwhile; gives how many."""
    needles = [word.encode() for word in words]
    with path.open("r+b") as file:
        lines = file.read().splitlines(keepends=True)
        kept = [line for line in lines if not any(needle in line for needle in needles)]
        if len(kept) == len(lines):
            return 0
        came = file.read()  # since the first reading
        file.seek(0)
        file.write(b"".join(kept) + came)
        file.truncate()
    return len(lines) - len(kept)


def _holds(path: Path, needle: bytes) -> bool:
    """Whether the file has these bytes; read in pieces, because a log may be large."""
    try:
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(1 << 20):
                if needle in tail + piece:
                    return True
                tail = piece[-len(needle) :]
    except FileNotFoundError:
        return False
    return False

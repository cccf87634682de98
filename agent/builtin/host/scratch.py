"""Looks at the scratch directory, and moves old files out of it: the one thing that the host tools change."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field

from blueprint.values import Value

_DAY_SECONDS = 86_400
_MAX_LISTED = 200


class ScratchUsage(Value):
    """What lies in the scratch directory."""

    directory: str
    is_there: bool
    files: int = 0
    total_bytes: int = 0
    oldest_days: float | None = Field(default=None, description="Age of the oldest file; None when there is none.")
    older_than_days: int = 0
    old_files: int = Field(default=0, description="Files that clean_scratch with this older_than_days would move.")
    old_bytes: int = 0
    note: str = ""


class MovedFile(Value):
    """A file that was moved, by its path within the scratch directory."""

    path: str
    size_bytes: int
    age_days: float


class Cleaning(Value):
    """What was moved out of the scratch directory, where to, and how to undo it."""

    directory: str
    moved_to: str = Field(description="Empty when nothing was moved.")
    moved_files: int
    moved_bytes: int
    files: tuple[MovedFile, ...] = Field(description=f"At most {_MAX_LISTED} of them, in order of path.")
    failed: tuple[str, ...] = Field(description="Files that could not be moved, and why.")
    undo: str = Field(description="The command that puts everything back.")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A plain file: its folder as an open descriptor that no later rename or link can redirect."""

    folder: int
    name: str
    path: str
    size: int
    modified: float


def read_scratch_usage(directory: str, older_than_days: int, now: datetime) -> ScratchUsage:
    """Count files and bytes; an absent directory is said, not raised."""
    if not directory:
        return ScratchUsage(directory="", is_there=False, note="No scratch directory is set (MISSIONS_SCRATCH).")
    root = Path(directory).resolve()
    if not root.is_dir():
        return ScratchUsage(directory=str(root), is_there=False, note=f"{str(root)!r} is no directory.")
    found = [(file.size, now.timestamp() - file.modified) for file in _walk(root)]
    old = [size for size, age in found if age > older_than_days * _DAY_SECONDS]
    return ScratchUsage(
        directory=str(root),
        is_there=True,
        files=len(found),
        total_bytes=sum(size for size, _ in found),
        oldest_days=_days(max(age for _, age in found)) if found else None,
        older_than_days=older_than_days,
        old_files=len(old),
        old_bytes=sum(old),
    )


def clean_scratch_directory(directory: str, older_than_days: int, now: datetime) -> Cleaning:
    """Move plain files last changed more than `older_than_days` ago into `<directory>.removed/<time>/`.

    Links are neither followed nor moved, folders stay. ValueError when the directory can't be one to be cleaned.
    """
    root = checked_root(directory)
    target = _free_target(root, now)
    moved: list[MovedFile] = []
    failed: list[str] = []
    for file in _walk(root):
        age = now.timestamp() - file.modified
        if age <= older_than_days * _DAY_SECONDS:
            continue
        if problem := _move(file, target):
            failed.append(f"{_printable(file.path)}: {problem}")
        else:
            moved.append(MovedFile(path=_printable(file.path), size_bytes=file.size, age_days=_days(age)))
    return _cleaning(root, target, moved, failed)


def checked_root(directory: str) -> Path:
    """The real path of the scratch directory; ValueError, with what to do, when it is not one that may be cleaned."""
    if not directory:
        raise ValueError("No scratch directory is set; set MISSIONS_SCRATCH for this tool server.")
    root = Path(directory).resolve()
    if not root.is_dir():
        raise ValueError(f"The scratch directory {str(root)!r} is no directory; create it or correct MISSIONS_SCRATCH.")
    if Path.home().resolve().is_relative_to(root):  # the home folder, or one that holds it, "/" included
        raise ValueError(f"{str(root)!r} is no scratch directory; set MISSIONS_SCRATCH to a directory of its own.")
    return root


def _walk(root: Path) -> Iterator[_Found]:
    """All plain files below `root` on its own filesystem, in order; symbolic links are never followed."""
    device = root.stat().st_dev
    for folder, names, files, descriptor in os.fwalk(root, follow_symlinks=False):
        names[:] = sorted(name for name in names if _is_on(device, name, descriptor))
        for name in sorted(files):
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue  # whoever owns it has just removed it
            if stat.S_ISREG(status.st_mode):
                path = os.path.relpath(os.path.join(folder, name), root)
                yield _Found(folder=descriptor, name=name, path=path, size=status.st_size, modified=status.st_mtime)


def _is_on(device: int, name: str, folder: int) -> bool:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_dev == device
    except FileNotFoundError:
        return False


def _move(file: _Found, target: Path) -> str:
    """Move one file; a sentence when that failed."""
    destination = target / file.path
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.rename(file.name, destination, src_dir_fd=file.folder)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _free_target(root: Path, now: datetime) -> Path:
    """A folder that is not there yet: what was moved before is never overwritten."""
    removed = root.with_name(root.name + ".removed")
    if removed.is_symlink():
        raise ValueError(f"{str(removed)!r} is a symbolic link, so files would leave this place; remove it.")
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    tries = (removed / (stamp if number == 1 else f"{stamp}-{number}") for number in range(1, 1000))
    return next(target for target in tries if not target.exists())


def _cleaning(root: Path, target: Path, moved: list[MovedFile], failed: list[str]) -> Cleaning:
    return Cleaning(
        directory=str(root),
        moved_to=str(target) if moved else "",
        moved_files=len(moved),
        moved_bytes=sum(file.size_bytes for file in moved),
        files=tuple(moved[:_MAX_LISTED]),
        failed=tuple(failed[:_MAX_LISTED]),
        undo=f"cp -a --no-clobber {_quoted(target)}/. {_quoted(root)}/" if moved else "Nothing was moved.",
    )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _days(seconds: float) -> float:
    return round(seconds / _DAY_SECONDS, 1)

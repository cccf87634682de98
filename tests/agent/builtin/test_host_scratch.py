"""Cleaning the scratch directory takes what is old, nothing else, and can be undone."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.builtin.host.scratch import clean_scratch_directory, read_scratch_usage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    (folder / "deep" / "er").mkdir(parents=True)
    _write(folder / "deep" / "er" / "old.log", size=10, days=9)
    _write(folder / "old.txt", size=20, days=8)
    _write(folder / "new.txt", size=40, days=6)
    return folder


def _write(path: Path, *, size: int, days: float) -> None:
    path.write_bytes(b"x" * size)
    changed = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (changed, changed))


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_usage_counts_all_and_what_is_old(scratch: Path) -> None:
    usage = read_scratch_usage(str(scratch), 7, NOW)
    assert (usage.files, usage.total_bytes, usage.oldest_days) == (3, 70, 9.0)
    assert (usage.old_files, usage.old_bytes) == (2, 30)


def test_old_files_move_beside_the_directory_with_their_folders(scratch: Path, tmp_path: Path) -> None:
    cleaning = clean_scratch_directory(str(scratch), 7, NOW)
    assert cleaning.moved_to == str(tmp_path / "scratch.removed" / "20261121T120000Z")
    assert (cleaning.moved_files, cleaning.moved_bytes, cleaning.failed) == (2, 30, ())
    assert _files(scratch) == ["new.txt"]
    assert _files(Path(cleaning.moved_to)) == ["deep/er/old.log", "old.txt"]


def test_the_command_that_it_names_puts_everything_back(scratch: Path) -> None:
    before = _files(scratch)
    cleaning = clean_scratch_directory(str(scratch), 7, NOW)
    subprocess.run(cleaning.undo, shell=True, check=True)
    assert _files(scratch) == before
    assert read_scratch_usage(str(scratch), 7, NOW).old_files == 2


def test_a_second_cleaning_in_the_same_second_overwrites_nothing(scratch: Path) -> None:
    first = clean_scratch_directory(str(scratch), 7, NOW)
    _write(scratch / "old.txt", size=99, days=8)
    second = clean_scratch_directory(str(scratch), 7, NOW)
    assert first.moved_to != second.moved_to
    assert (Path(first.moved_to) / "old.txt").stat().st_size == 20


def test_symbolic_links_are_neither_followed_nor_moved(scratch: Path, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    _write(outside / "old.db", size=5, days=100)
    (scratch / "link").symlink_to(outside)
    (scratch / "file-link").symlink_to(outside / "old.db")
    clean_scratch_directory(str(scratch), 0, NOW)
    assert _files(outside) == ["old.db"]
    assert (scratch / "link").is_symlink()
    assert (scratch / "file-link").is_symlink()


def test_nothing_old_means_nothing_is_made(scratch: Path, tmp_path: Path) -> None:
    cleaning = clean_scratch_directory(str(scratch), 365, NOW)
    assert (cleaning.moved_to, cleaning.moved_files, cleaning.undo) == ("", 0, "Nothing was moved.")
    assert not (tmp_path / "scratch.removed").exists()


def test_a_file_name_that_is_no_text_is_moved_and_shown_readably(scratch: Path) -> None:
    odd = os.fsdecode(b"odd-\xff")
    _write(scratch / odd, size=1, days=9)
    cleaning = clean_scratch_directory(str(scratch), 7, NOW)
    assert "odd-�" in [file.path for file in cleaning.files]
    assert (Path(cleaning.moved_to) / odd).exists()


@pytest.mark.parametrize("directory", ["/", "~", "/no/such/place", ""])
def test_a_directory_that_is_no_scratch_directory_is_refused(directory: str) -> None:
    with pytest.raises(ValueError, match="MISSIONS_SCRATCH"):
        clean_scratch_directory(os.path.expanduser(directory), 7, NOW)


def test_a_link_in_place_of_the_destination_is_refused(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch.removed").symlink_to("/etc")
    with pytest.raises(ValueError, match="is a symbolic link"):
        clean_scratch_directory(str(scratch), 7, NOW)

"""The data directory of one installation: made when missing, usable, and held by one owner at a time."""

import asyncio
import fcntl
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from blueprint.errors import InvalidInput

_POLL_SECONDS = 0.1


def open_home(home: Path) -> Path:
    """`home`, existing and writable, with its `logs` folder; InvalidInput when it can't be.

    Made by root it can be passed through, though not listed, by the account that PostgreSQL runs as.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        (home / "logs").mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError as error:
        raise InvalidInput(
            f"The data directory {str(home)!r} can't be used: {error.strerror}: {error.filename or home}. "
            "Make it writable for this account, or choose another with MISSIONS_HOME."
        ) from error


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """The file descriptor that holds the lock on `path`, None when another process has it.

    The lock lasts until the descriptor and those that child processes inherited are closed, however they end.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def lock_within(path: Path, seconds: float) -> int | None:
    """`try_lock` again and again for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        descriptor = try_lock(path)
        if descriptor is not None or time.monotonic() > deadline:
            return descriptor
        await asyncio.sleep(_POLL_SECONDS)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock on `path`. Does not disturb those who want it, beyond a moment."""
    if not path.exists():
        return False
    with closing_descriptor(try_lock(path, shared=True)) as descriptor:
        return descriptor is None


@contextmanager
def closing_descriptor(descriptor: int | None) -> Generator[int | None]:
    """The descriptor, closed in the end."""
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)

"""Where a running stack is reached, published in the data directory for the command's other calls."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
from pydantic import SecretStr, ValidationError, field_serializer

from blueprint.errors import InvalidInput
from blueprint.values import Value
from deployments.local.data_directory import closing_descriptor, is_locked, lock_within

_PATIENCE_SECONDS = 0.5  # readers hold the lock for a moment
_DYING_SECONDS = 60.0  # a killed stack's processes need some time to stop


class Addresses(Value):
    """A running stack: the Prefect server's API and UI, the service process, the database, and whose process it is.

    `api_auth_string` is the login that the Prefect server asks for, empty when it asks for none.
    """

    api_url: str
    ui_url: str
    service_url: str
    database_url: SecretStr
    api_auth_string: SecretStr = SecretStr("")
    pid: int

    @field_serializer("database_url", "api_auth_string", when_used="json")
    def _with_password(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


def read_addresses(home: Path) -> Addresses | None:
    """The stack that runs on the data directory `home` and is ready; None when there is none.

    Raises InvalidInput when that is another account's.
    """
    try:
        addresses = Addresses.model_validate_json(_published(home).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    except PermissionError as error:
        raise InvalidInput(
            f"The data directory {str(home)!r} belongs to another account; become that one, or choose another with MISSIONS_HOME."
        ) from error
    return addresses if is_locked(_lock(home)) and psutil.pid_exists(addresses.pid) else None


@contextmanager
def published(home: Path, addresses: Addresses) -> Generator[None]:
    """`read_addresses` gives `addresses` meanwhile. Only the owner may read the file: passwords are in it."""
    fresh = _published(home).with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(addresses.model_dump_json())
    fresh.replace(_published(home))
    try:
        yield
    finally:
        _published(home).unlink(missing_ok=True)


@asynccontextmanager
async def sole_stack(home: Path, ui_url: str) -> AsyncGenerator[int]:
    """Hold the data directory: the lock's descriptor, for child processes to inherit.

    Raises InvalidInput when another stack has it. What is left of a killed one is waited for, as it stops by itself.
    """
    lock = await lock_within(_lock(home), _PATIENCE_SECONDS)
    if lock is None and not psutil.pid_exists(_holder(home)[0]):
        lock = await lock_within(_lock(home), _DYING_SECONDS)
    if lock is None:
        pid, address = _holder(home)
        raise InvalidInput(
            f"Missions already runs on the data directory {str(home)!r}: process {pid}, {address}. "
            "Use that one, stop it first, or choose another directory with MISSIONS_HOME and another port with --port."
        )
    with closing_descriptor(lock):
        _lock(home).write_text(f"{os.getpid()} {ui_url}\n")
        _published(home).unlink(missing_ok=True)
        yield lock


def _holder(home: Path) -> tuple[int, str]:
    """The pid and the address that the lock's holder wrote into it; ours and none while it has not yet."""
    pid, _, address = _lock(home).read_text().strip().partition(" ")
    return (int(pid), address) if address else (os.getpid(), "just starting")


def _lock(home: Path) -> Path:
    return home / "stack.lock"


def _published(home: Path) -> Path:
    return home / "stack.json"

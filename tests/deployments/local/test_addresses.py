"""The addresses of a stack are found while it runs, by its owner alone."""

import os
from pathlib import Path

from pydantic import SecretStr

from deployments.local.addresses import Addresses, published, read_addresses, sole_stack

ADDRESSES = Addresses(
    api_url="http://127.0.0.1:4200/api",
    ui_url="http://127.0.0.1:4200",
    service_url="http://127.0.0.1:9",
    database_url=SecretStr("postgresql+asyncpg://me:secret@db/missions"),
    pid=os.getpid(),
)


async def test_published_addresses_are_read_and_withdrawn(tmp_path: Path) -> None:
    async with sole_stack(tmp_path, ADDRESSES.ui_url):
        assert read_addresses(tmp_path) is None
        with published(tmp_path, ADDRESSES):
            assert read_addresses(tmp_path) == ADDRESSES
            assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
        assert read_addresses(tmp_path) is None


def test_addresses_of_a_stack_that_no_longer_runs_are_none(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(ADDRESSES.model_dump_json())
    (tmp_path / "stack.lock").touch()
    assert read_addresses(tmp_path) is None


def test_no_data_directory_has_no_addresses(tmp_path: Path) -> None:
    assert read_addresses(tmp_path / "missing") is None


def test_the_password_does_not_show() -> None:
    assert "secret" not in f"{ADDRESSES!r} {ADDRESSES}"

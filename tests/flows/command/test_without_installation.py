"""The command where nothing runs, or can't: it says what to do, and leaves nothing half-made."""

import socket
from pathlib import Path

import pytest

from deployments.local.ports import free_port
from tests.fakes.installation import Installation


@pytest.fixture
def nowhere(folder: Path) -> Installation:
    """A data directory on which nothing runs."""
    return Installation(home=folder / "home")


async def test_a_command_without_an_installation_says_how_to_start_one(nowhere: Installation) -> None:
    said = await nowhere.command("list")
    assert (said.code, said.stdout) == (1, "")
    assert f"No Prefect server answers at http://127.0.0.1:{nowhere.port}/api" in said.stderr
    assert said.stderr.endswith("Start it with `missions up`.\n")
    assert not nowhere.home.exists()


async def test_a_port_that_is_taken_is_named(nowhere: Installation) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", nowhere.port))
        listener.listen()
        said = await nowhere.command("up")
    assert said.code == 2
    assert f"Port {nowhere.port} on '127.0.0.1' can't be used: another program has it. Choose another" in said.stderr
    assert nowhere.processes() == []


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("postgresql://me:hidden@127.0.0.1:{port}/missions", 1, "does not answer (127.0.0.1, database 'missions', user 'me')"),
        ("mysql://me:hidden@127.0.0.1/missions", 2, "names 'mysql', but Missions needs PostgreSQL"),
        ("nonsense hidden", 2, "MISSIONS_DATABASE_URL is no URL; write postgresql://user:password@host:5432/missions"),
    ],
)
async def test_a_database_that_can_not_be_used_is_named_without_its_password(
    nowhere: Installation, url: str, code: int, says: str
) -> None:
    said = await nowhere.command("up", MISSIONS_DATABASE_URL=url.format(port=free_port()))
    assert (said.code, says in said.stderr) == (code, True), said.stderr
    assert "hidden" not in said.stderr
    assert "Traceback" not in said.stderr
    assert nowhere.processes() == []


async def test_a_data_directory_that_can_not_be_made_is_named(nowhere: Installation) -> None:
    nowhere.home.write_text("a file, no folder")
    said = await nowhere.command("up")
    assert said.code == 2
    assert f"The data directory {str(nowhere.home)!r} can't be used: File exists" in said.stderr
    assert "MISSIONS_HOME" in said.stderr


async def test_a_setting_that_is_no_number_is_named(nowhere: Installation) -> None:
    said = await nowhere.command("list", MISSIONS_PORT="soon")
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr.startswith("Error: MISSIONS_PORT can't be used: ")
    assert said.stderr.endswith("not 'soon'.\n")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"MISSIONS_API_AUTH_STRING": "hidden"}, "MISSIONS_API_AUTH_STRING can't be used: Value error, a login is written"),
        ({"PREFECT_SERVER_API_AUTH_STRING": "me:hidden"}, "For a login set MISSIONS_API_AUTH_STRING='name:password'"),
    ],
)
async def test_a_login_that_would_not_be_asked_for_is_refused(
    nowhere: Installation, variables: dict[str, str], says: str
) -> None:
    said = await nowhere.command("up", **variables)
    assert (said.code, says in said.stderr, "hidden" in said.stderr) == (2, True, False), said.stderr
    assert not nowhere.home.exists()

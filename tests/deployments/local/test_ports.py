"""The service's port: the one that was asked for, else the one that it had, so that links outlive a restart."""

import socket
from pathlib import Path

import pytest

from blueprint.errors import InvalidInput
from deployments.local.ports import free_port, lasting_port

NEAR = 65_500  # nothing lies 80 places after it


def test_the_service_keeps_its_port_over_restarts_and_takes_another_when_that_is_taken(tmp_path: Path) -> None:
    port = lasting_port(tmp_path, 0, near=NEAR)
    assert lasting_port(tmp_path, 0, near=NEAR) == port
    with socket.create_server(("127.0.0.1", port)):
        other = lasting_port(tmp_path, 0, near=NEAR)
    assert other != port
    assert lasting_port(tmp_path, 0, near=NEAR) == other


def test_a_port_that_was_asked_for_is_taken_or_refused_by_the_name_of_its_setting(tmp_path: Path) -> None:
    port = free_port()
    assert lasting_port(tmp_path, port, near=NEAR) == port
    with socket.create_server(("127.0.0.1", port)), pytest.raises(InvalidInput, match="MISSIONS_SERVICE_PORT"):
        lasting_port(tmp_path, port, near=NEAR)


def test_a_kept_port_that_can_not_be_read_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "service.port").write_text("99999999")
    assert 0 < lasting_port(tmp_path, 0, near=NEAR) < 65536


def test_the_first_port_lies_beside_the_server_s_so_that_it_is_the_same_on_every_machine(tmp_path: Path) -> None:
    beside = free_port()
    assert lasting_port(tmp_path, 0, near=beside - 80) == beside

"""The service's port: the one that was asked for, else the one that it had, so that links outlive a restart."""

import socket
from pathlib import Path

import pytest

from blueprint.errors import InvalidInput
from deployments.local.ports import free_port, lasting_port


def test_the_service_keeps_its_port_over_restarts_and_takes_another_when_that_is_taken(tmp_path: Path) -> None:
    port = lasting_port(tmp_path, 0)
    assert lasting_port(tmp_path, 0) == port
    with socket.create_server(("127.0.0.1", port)):
        other = lasting_port(tmp_path, 0)
    assert other != port
    assert lasting_port(tmp_path, 0) == other


def test_a_port_that_was_asked_for_is_taken_or_refused_by_the_name_of_its_setting(tmp_path: Path) -> None:
    port = free_port()
    assert lasting_port(tmp_path, port) == port
    with socket.create_server(("127.0.0.1", port)), pytest.raises(InvalidInput, match="MISSIONS_SERVICE_PORT"):
        lasting_port(tmp_path, port)


def test_a_kept_port_that_can_not_be_read_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "service.port").write_text("99999999")
    assert 0 < lasting_port(tmp_path, 0) < 65536

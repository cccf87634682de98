"""Certificates are read from files and servers; ports with what holds them."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.builtin.host.network import read_certificates, read_listening_ports

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _certificate(path: Path, *, name: str, days: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=subject,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=NOW - timedelta(days=400),
        not_valid_after=NOW + timedelta(days=days),
    )
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return str(path)


def test_certificates_come_soonest_expiry_first_with_a_word_on_those_that_need_care(tmp_path: Path) -> None:
    targets = [
        _certificate(tmp_path / f"{name}.pem", name=name, days=days) for name, days in [("far", 90), ("near", 9), ("gone", -3)]
    ]
    found = read_certificates(targets, NOW).certificates
    assert [(one.subject, one.days_left, one.note) for one in found] == [
        ("CN=gone", -3, "It has expired."),
        ("CN=near", 9, "It expires within 30 days."),
        ("CN=far", 90, ""),
    ]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/no/such.pem", "Can't be read: there is no such file."),
        ("/etc/passwd", "Can't be read: the file holds no certificate in PEM form."),
        ("/dev/zero", "Can't be read: it is no file."),
        ("127.0.0.1:1", "Can't be read: Connection refused."),
    ],
)
def test_what_cannot_be_read_is_said_with_its_reason(target: str, reason: str) -> None:
    (found,) = read_certificates([target], NOW).certificates
    assert (found.days_left, found.note) == (None, reason)


def test_no_target_says_what_to_give() -> None:
    assert read_certificates([], NOW).note == "Nothing to check: give paths of PEM files, or host:port, in 'targets'."


def test_a_listening_port_is_found_and_a_local_one_is_not_called_public() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        (found,) = [port for port in read_listening_ports().ports if port.port == number and port.protocol == "tcp"]
    assert (found.address, found.is_public) == ("127.0.0.1", False)

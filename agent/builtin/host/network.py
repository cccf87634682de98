"""Reads which ports are open and when TLS certificates expire."""

import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil
from cryptography import x509
from pydantic import Field

from blueprint.values import Value

MAX_TARGETS = 20
_CONNECT_SECONDS = 5.0
_MAX_FILE_BYTES = 5_000_000
_MANY_DAYS = 30


class ListeningPort(Value):
    """One socket that waits for others to connect."""

    protocol: str
    address: str
    port: int
    process: str = Field(description="Empty when this user may not see it.")
    pid: int | None
    is_public: bool = Field(description="Whether it is open on more than the loopback address.")


class ListeningPorts(Value):
    """All listening sockets, by port."""

    is_known: bool
    ports: tuple[ListeningPort, ...] = ()
    note: str = ""


class Certificate(Value):
    """The state of the certificate at one target."""

    target: str
    subject: str = ""
    issuer: str = ""
    expires_at: str = Field(default="", description="UTC, ISO 8601.")
    days_left: int | None = Field(default=None, description="Whole days; negative when it has expired.")
    note: str = ""


class Certificates(Value):
    """One entry for each target, soonest expiry first; those that could not be read last."""

    certificates: tuple[Certificate, ...]
    note: str = ""


def read_listening_ports() -> ListeningPorts:
    """All TCP and UDP sockets that listen."""
    try:
        connections = psutil.net_connections(kind="inet")
    except psutil.AccessDenied:
        return ListeningPorts(is_known=False, note="This user may not list the sockets of this host.")
    open_ones = {
        ("udp" if connection.type == socket.SOCK_DGRAM else "tcp", connection.laddr.ip, connection.laddr.port, connection.pid)
        for connection in connections
        if connection.laddr
        and (connection.status == psutil.CONN_LISTEN or (connection.type == socket.SOCK_DGRAM and not connection.raddr))
    }
    ports = [_port(*key) for key in sorted(open_ones, key=lambda key: (key[2], key[0], key[1], key[3] or 0))]
    return ListeningPorts(is_known=True, ports=tuple(ports), note="" if ports else "Nothing listens on this host.")


def read_certificates(targets: Sequence[str], now: datetime) -> Certificates:
    """The certificates at `targets`: paths of PEM files, or host:port."""
    if not targets:
        return Certificates(certificates=(), note="Nothing to check: give paths of PEM files, or host:port, in 'targets'.")
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(partial(_certificate, now=now), targets[:MAX_TARGETS]))
    found.sort(key=lambda one: (one.days_left is None, one.days_left or 0))
    left_out = len(targets) - MAX_TARGETS
    return Certificates(
        certificates=tuple(found), note=f"{left_out} targets were left out; ask for the rest." if left_out > 0 else ""
    )


def _port(protocol: str, address: str, port: int, pid: int | None) -> ListeningPort:
    is_local = address.startswith("127.") or address == "::1"
    return ListeningPort(protocol=protocol, address=address, port=port, process=_name(pid), pid=pid, is_public=not is_local)


def _name(pid: int | None) -> str:
    try:
        return psutil.Process(pid).name() if pid else ""
    except psutil.Error:
        return ""


def _certificate(target: str, *, now: datetime) -> Certificate:
    try:
        chain = _from_host(target) if _is_address(target) else _from_file(Path(target))
    except (OSError, ValueError) as error:
        return Certificate(target=target, note=f"Can't be read: {_why(error)}")
    first = min(chain, key=lambda one: one.not_valid_after_utc)
    days_left = (first.not_valid_after_utc - now).days
    return Certificate(
        target=target,
        subject=first.subject.rfc4514_string(),
        issuer=first.issuer.rfc4514_string(),
        expires_at=first.not_valid_after_utc.astimezone(UTC).isoformat(timespec="seconds"),
        days_left=days_left,
        note=_verdict(days_left),
    )


def _verdict(days_left: int) -> str:
    if days_left < 0:
        return "It has expired."
    return f"It expires within {_MANY_DAYS} days." if days_left < _MANY_DAYS else ""


def _is_address(target: str) -> bool:
    host, _, port = target.rpartition(":")
    return bool(host) and "/" not in target and port.isdecimal() and int(port) < 65_536


def _from_host(target: str) -> list[x509.Certificate]:
    """The certificate that a server shows; it is looked at, not trusted, so nothing is verified."""
    host, _, port = target.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host.strip("[]")) as secured,
    ):
        raw = secured.getpeercert(binary_form=True)
    if raw is None:
        raise ValueError("the server shows no certificate")
    return [x509.load_der_x509_certificate(raw)]


def _from_file(path: Path) -> list[x509.Certificate]:
    if not path.is_file():  # a device or a pipe could keep us waiting
        raise ValueError("there is no such file" if not path.exists() else "it is no file")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise ValueError("the file is too big for a certificate")
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise ValueError("the file holds no certificate in PEM form") from None


def _why(error: Exception) -> str:
    return (error.strerror or str(error) if isinstance(error, OSError) else str(error)) + "."

"""TCP ports of this machine: whether one is free, the next one, any free one."""

import errno
import re
import socket
from pathlib import Path

from blueprint.errors import InvalidInput

_HIGHEST = 65535
_BESIDE = 80


def require_free_port(host: str, port: int, *, how: str = "--port") -> None:
    """InvalidInput, naming the port, when nothing can listen on it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        reason = "another program has it" if error.errno == errno.EADDRINUSE else error.strerror
        raise InvalidInput(f"Port {port} on {host!r} can't be used: {reason}. Choose another with {how}.") from error


def lasting_port(home: Path, wanted: int, *, near: int) -> int:
    """The service's port: `wanted` unless that is 0; else the one that it had before while that is free; else the one
    some places after `near`, or any free one.

    It is kept in the data directory, so that links and event sources which were set up still lead somewhere after a restart.
    """
    if wanted:
        require_free_port("127.0.0.1", wanted, how="MISSIONS_SERVICE_PORT")
        return wanted
    kept = home / "service.port"
    if (port := _kept(kept)) and _is_free(port):
        return port
    port = near + _BESIDE if near + _BESIDE <= _HIGHEST and _is_free(near + _BESIDE) else free_port()
    kept.write_text(f"{port}\n")
    return port


def _kept(file: Path) -> int:
    """The port that the file names; 0 when it names none."""
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if re.fullmatch(r"[1-9]\d{0,4}", text) and int(text) <= _HIGHEST else 0


def _is_free(port: int) -> bool:
    try:
        require_free_port("127.0.0.1", port)
    except InvalidInput:
        return False
    return True


def free_port() -> int:
    """A port on which nothing listens on loopback at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

"""TCP ports of this machine: whether one is free, and any free one."""

import errno
import socket

from blueprint.errors import InvalidInput


def require_free_port(host: str, port: int) -> None:
    """InvalidInput, naming the port, when nothing can listen on it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        reason = "another program has it" if error.errno == errno.EADDRINUSE else error.strerror
        raise InvalidInput(f"Port {port} on {host!r} can't be used: {reason}. Choose another with --port.") from error


def free_port() -> int:
    """A port on which nothing listens on loopback at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

"""The environment of every process of the stack: whose Prefect it is and where Missions keeps its things."""

from collections.abc import Mapping
from pathlib import Path

from deployments.local.settings import PREFIX, LocalSettings

# Slots of concurrency limits survive a restart of the server; by default they are only in its memory.
_LEASE_STORAGE = "prefect.server.concurrency.lease_storage.filesystem"


def server_url(settings: LocalSettings) -> str:
    """Where this machine reaches the Prefect server. One that listens everywhere is reached on loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def service_address(port: int) -> str:
    """Where this machine reaches the service of `missions up`."""
    return f"http://127.0.0.1:{port}"


def prefect_environment(settings: LocalSettings) -> dict[str, str]:
    """What makes a process a client of this installation's Prefect and of no other."""
    login = settings.api_auth_string.get_secret_value()
    return {
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_API_URL": f"{server_url(settings)}/api",
        "PREFECT_UI_URL": server_url(settings),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        **({"PREFECT_API_AUTH_STRING": login} if login else {}),
    }


def child_environment(
    settings: LocalSettings, *, caller: Mapping[str, str], database_url: str, service_port: int, temporary: Path
) -> dict[str, str]:
    """The caller's environment with the variables of this installation, and without any PREFECT_ one of another."""
    login = settings.api_auth_string.get_secret_value()
    return {
        **{name: value for name, value in caller.items() if not name.startswith("PREFECT_")},
        **prefect_environment(settings),
        "PREFECT_API_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_SERVER_UI_API_URL": "/api",  # the browser's own address, wherever that is
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASE_STORAGE,
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",  # a deletion waits until all events are written
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        **({"PREFECT_SERVER_API_AUTH_STRING": login} if login else {}),
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}DATABASE_URL": database_url,
        f"{PREFIX}SERVICE_PORT": str(service_port),
        f"{PREFIX}PUBLIC_URL": settings.public_url or service_address(service_port),
        f"{PREFIX}ANSWER_TIMEOUT_SECONDS": str(settings.answer_timeout_seconds),
        "PYTHONUNBUFFERED": "1",  # logs are complete when a process is killed
        "TMPDIR": str(temporary),
    }

"""Every process of the stack belongs to this installation, whatever the caller's environment says."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from deployments.local.environment import child_environment, server_url
from deployments.local.settings import LocalSettings

SETTINGS = LocalSettings(home=Path("/data"), port=4300, answer_timeout_seconds=60)


def environment(**caller: str) -> dict[str, str]:
    return child_environment(
        SETTINGS, caller=caller, database_url="postgresql+asyncpg:///missions", service_port=9, temporary=Path("/data/tmp")
    )


def test_another_installation_of_prefect_has_no_say() -> None:
    assert environment(PREFECT_API_KEY="theirs", PREFECT_API_URL="https://theirs", PREFECT_HOME="/theirs") == environment()


def test_the_rest_of_the_callers_environment_is_kept() -> None:
    assert environment(PATH="/bin", MISSIONS_ROUNDS="2").items() >= {"PATH": "/bin", "MISSIONS_ROUNDS": "2"}.items()


def test_all_that_a_child_is_told() -> None:
    assert environment() == {
        "PREFECT_HOME": "/data/prefect",
        "PREFECT_API_URL": "http://127.0.0.1:4300/api",
        "PREFECT_UI_URL": "http://127.0.0.1:4300",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg:///missions",
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "MISSIONS_HOME": "/data",
        "MISSIONS_DATABASE_URL": "postgresql+asyncpg:///missions",
        "MISSIONS_SERVICE_PORT": "9",
        "MISSIONS_PUBLIC_URL": "http://127.0.0.1:9",
        "MISSIONS_ANSWER_TIMEOUT_SECONDS": "60",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": "/data/tmp",
    }


def test_a_login_is_told_to_the_server_and_to_those_who_ask_it() -> None:
    guarded = LocalSettings(home=Path("/data"), api_auth_string=SecretStr("sre:only-we-know"))
    told = child_environment(guarded, caller={}, database_url="postgresql:///m", service_port=9, temporary=Path("/data/tmp"))
    said = {name: value for name, value in told.items() if "only-we-know" in value}
    assert said == dict.fromkeys(["PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"], "sre:only-we-know")
    assert "only-we-know" not in repr(guarded)


@pytest.mark.parametrize("login", ["sre", ":", "sre:", ":only-we-know"])
def test_a_login_needs_a_name_and_a_password(login: str) -> None:
    with pytest.raises(ValidationError, match="a login is written 'name:password'"):
        LocalSettings(api_auth_string=SecretStr(login))


def test_a_server_that_listens_everywhere_is_reached_on_loopback() -> None:
    assert server_url(SETTINGS.model_copy(update={"host": "0.0.0.0"})) == "http://127.0.0.1:4300"
    assert server_url(SETTINGS.model_copy(update={"host": "::"})) == "http://[::1]:4300"

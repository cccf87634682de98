"""What one installation of Missions on this machine is told: where its state lives, which addresses it takes."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from blueprint.requests import ANSWER_SECONDS

PREFIX = "MISSIONS_"


def default_home() -> Path:
    """The data directory when none is given: /var/lib/missions for root, else the person's XDG data folder.

    Root's is not under /root, because PostgreSQL refuses to run as root and the account it runs as must get there.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/missions")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "missions"


class LocalSettings(BaseSettings):
    """Read from the environment (`MISSIONS_HOME`, `MISSIONS_PORT`, …); what is passed in wins."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    home: Path = Field(default_factory=default_home, description="The data directory; all state lives under it.")
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="A PostgreSQL of one's own, postgresql://…; empty starts the embedded one (R8.4, R8.5).",
    )
    host: str = Field(default="127.0.0.1", description="The address on which the Prefect server listens.")
    port: int = Field(default=4200, ge=1, le=65535, description="The port on which the Prefect server listens.")
    api_auth_string: SecretStr = Field(
        default=SecretStr(""),
        description="The login that the Prefect server asks for, 'name:password'; empty: it lets everybody in (R9.3).",
    )
    service_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="The port of the service on loopback; 0 keeps the one that it had, at first the server's plus 80.",
    )
    public_url: str = Field(
        default="", description="Where answer links point, 'https://…'; empty: the service's own address, on this machine only."
    )
    worker: Literal["warm", "stock"] = Field(
        default="warm", description="Whether runs are forked from a warm interpreter, or started by Prefect's own worker."
    )
    worker_limit: int = Field(default=10, ge=1, description="How many runs work at once.")
    stop_seconds: int = Field(default=10, ge=0, description="How long runs have to finish their step when everything is stopped.")
    answer_timeout_seconds: int = Field(
        default=ANSWER_SECONDS, ge=1, description="How long a question waits for a person (R5.4)."
    )

    @field_validator("api_auth_string")
    @classmethod
    def _name_and_password(cls, login: SecretStr) -> SecretStr:
        if login.get_secret_value() and not all(login.get_secret_value().partition(":")):
            raise ValueError("a login is written 'name:password'")
        return login

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return Path(os.path.abspath(home.expanduser()))

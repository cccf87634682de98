"""What a run needs to know of its machine: the data directory and how long people have to answer."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from blueprint.requests import ANSWER_SECONDS, LOOK_AGAIN_SECONDS


class RunSettings(BaseSettings):
    """Read from the environment, as `missions up` sets it for everything that it starts."""

    model_config = SettingsConfigDict(env_prefix="MISSIONS_", extra="ignore")

    home: Path = Field(description="The data directory: reports and logs.")
    answer_timeout_seconds: int = Field(default=ANSWER_SECONDS, ge=1, description="How long a request stays open (R5.4).")
    lease_seconds: int = Field(default=15, ge=3, description="A run that was silent for so long counts as dead.")
    look_again_seconds: int = Field(
        default=LOOK_AGAIN_SECONDS,
        ge=0,
        description="Evidence of an approval asked for longer ago is read again (R5.3).",
    )
    messages_kept_days: int = Field(default=90, ge=0, description="Older messages are deleted; 0: none ever (R7.4).")

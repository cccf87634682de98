"""A notification channel as a Prefect block (R7.2)."""

from typing import Literal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class NotificationChannel(Block):
    """A way to reach people."""

    _block_type_name = "Missions: notification channel"
    _block_type_slug = "missions-notification-channel"

    kind: Literal["contact", "bot", "webhook"] = Field(
        default="contact", title="Kind", description="contact: e-mail or phone; bot: a chat; webhook: JSON to a URL of your own."
    )
    url: SecretStr = Field(title="Address", description="An Apprise URL, e.g. 'mailto://user:password@example.com'.")

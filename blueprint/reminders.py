"""When people are reminded of an open request, and how the messages about it are called (R5.4)."""

from enum import StrEnum

LAST_PART = 12
"""The last reminder comes when a twelfth of the answer time is left: 15 minutes of 3 hours."""


class Reminder(StrEnum):
    """The first comes at half of the answer time; the last one goes to the escalation channel too."""

    HALF = "half"
    LAST = "last"


def message_id(run_id: str, key: str, kind: str = "") -> str:
    """Id of the message about a request: that it was asked, `half`, `last` or `expired`. The same one is kept only once."""
    return ":".join(part for part in (run_id, key, kind) if part)

"""Why a request was not taken: the answer that its sender gets, and the word under which it is counted."""

from http import HTTPStatus
from typing import Literal

Reason = Literal["unknown", "unauthorized", "malformed", "too_large", "too_slow", "too_many", "unavailable"]

_STATUS: dict[Reason, HTTPStatus] = {
    "unknown": HTTPStatus.NOT_FOUND,
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "malformed": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_slow": HTTPStatus.REQUEST_TIMEOUT,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refused(Exception):
    """The request is not taken, and nothing of it was kept. `retry_after` is in seconds, 0 for none."""

    def __init__(self, reason: Reason, text: str, *, retry_after: int = 0) -> None:
        self.reason: Reason = reason
        self.retry_after = retry_after
        super().__init__(text)

    @property
    def status(self) -> HTTPStatus:
        """The status of the answer."""
        return _STATUS[self.reason]

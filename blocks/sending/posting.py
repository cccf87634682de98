"""One POST to a chat service or a webhook: what failed, and whether it may have arrived all the same."""

import logging
from functools import cache
from typing import Any

import httpx

from blueprint.errors import ChannelFailed

_TIMEOUT = httpx.Timeout(15, connect=5)
_MOST_QUOTED = 200


def post(url: str, **request: Any) -> httpx.Response:
    """The answer, redirects not followed; ChannelFailed, without a word of the URL, when there is none."""
    _keep_addresses_out_of_logs()
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client:
            return client.post(url, **request)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise ChannelFailed(f"It can't be reached ({type(error).__name__}).", may_have_arrived=False) from None
    except httpx.HTTPError as error:
        raise ChannelFailed(f"It gave no answer ({type(error).__name__}).", may_have_arrived=True) from None


def failure_of(answer: httpx.Response, why: str = "") -> ChannelFailed:
    """The failure that an answer stands for: refused, so it did not arrive; after a 5xx nobody knows."""
    said = " ".join((why or answer.text).split())[:_MOST_QUOTED]
    return ChannelFailed(f"It answered {answer.status_code}: {said or 'nothing'}", may_have_arrived=answer.is_server_error)


@cache
def _keep_addresses_out_of_logs() -> None:
    """httpx names each address that it asks at INFO, and the tokens of chats are in them."""
    logging.getLogger("httpx").setLevel(logging.WARNING)

"""Posts notifications as signed JSON to a URL of one's own (R7.2); the shape is in docs/notifications.md."""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import httpx

from blocks.sending.posting import failure_of, post
from blueprint.errors import InvalidInput
from blueprint.notification import Channel, Dialect, Outgoing

ID_HEADER, TIME_HEADER, SIGNATURE_HEADER = "X-Missions-Id", "X-Missions-Timestamp", "X-Missions-Signature"


@dataclass(frozen=True, kw_only=True)
class WebhookSender:
    """Any 2xx is a success; redirects are not followed, so that the signature goes nowhere else."""

    url: str = field(repr=False)
    key: bytes = field(repr=False)
    dialect: Dialect = Dialect.JSON
    most_bytes: int = 200_000

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """The sender of a webhook channel; InvalidInput when its address is no http(s) URL."""
        url = channel.url.get_secret_value().strip()
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise InvalidInput(f"The address of webhook channel {channel.name!r} is no http:// or https:// URL.")
        return cls(url=url, key=channel.signing_key.get_secret_value().encode())

    def send(self, outgoing: Outgoing) -> None:
        """Post it; ChannelFailed when the answer is no 2xx."""
        answer = post(self.url, content=outgoing.body.encode(), headers=self._headers(outgoing))
        if not answer.is_success:
            raise failure_of(answer)

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        now = str(int(time.time()))
        headers = {"Content-Type": "application/json; charset=utf-8", ID_HEADER: outgoing.id, TIME_HEADER: now}
        if self.key:
            headers[SIGNATURE_HEADER] = f"sha256={signature(self.key, now, outgoing.body.encode())}"
        return headers


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hex of the timestamp, a full stop and the body."""
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_ours(key: bytes, headers: httpx.Headers, body: bytes) -> bool:
    """Whether a request that claims to be one of these was signed with `key`: what a receiver has to check."""
    given = headers.get(SIGNATURE_HEADER, "").removeprefix("sha256=")
    return hmac.compare_digest(given, signature(key, headers.get(TIME_HEADER, ""), body))

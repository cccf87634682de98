"""Signs the links that let a person answer one request without an account, and reads them again (R5.5)."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from dataclasses import dataclass
from datetime import UTC, datetime

from blueprint.errors import InvalidInput
from blueprint.requests import Request

PATH = "/answer"
_PURPOSE = b"missions: answer a request\n"
"""Goes into each signature, so that the key may sign other things some day."""
_LONGEST = 2_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """The one request that a link is for, and until when."""

    run_id: str
    key: str
    deadline: datetime


class BadLink(InvalidInput):
    """The link was not made by this installation, or not all of it came."""


def link(request: Request, secret: bytes, base_url: str) -> str:
    """The address at which `request` can be answered until its deadline. Whoever has it may answer: it is a secret."""
    claim = json.dumps([request.run_id, request.key, request.deadline.isoformat()], separators=(",", ":")).encode()
    return f"{base_url.rstrip('/')}{PATH}/{_text(claim)}.{_text(_signature(claim, secret))}"


def read_token(token: str, secret: bytes) -> Target:
    """What a link is for; BadLink when its signature is not ours."""
    claim, signature = _parts(token)
    if not hmac.compare_digest(signature, _signature(claim, secret)):
        raise BadLink("This link is not one of ours. It may have been cut off; open the whole address.")
    run_id, key, deadline = json.loads(claim)
    return Target(run_id=run_id, key=key, deadline=datetime.fromisoformat(deadline).astimezone(UTC))


def _parts(token: str) -> tuple[bytes, bytes]:
    claim, _, signature = token.partition(".")
    try:
        return _bytes(claim), _bytes(signature)
    except (NoBase64, ValueError) as error:
        raise BadLink("This link can't be read. It may have been cut off; open the whole address.") from error


def _signature(claim: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + claim, hashlib.sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if len(text) > _LONGEST:
        raise ValueError("too long for one of ours")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(raw) != text:  # base64 lets some texts mean the same bytes
        raise ValueError("not as we write it")
    return raw

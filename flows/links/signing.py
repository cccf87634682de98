"""Signs what goes into a link that is worth something by itself, and reads it again."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Awaitable, Callable

from blueprint.errors import InvalidInput

_LONGEST = 2_000


class BadLink(InvalidInput):
    """The link was not made by this installation, or not all of it came."""


LoadKey = Callable[[], Awaitable[bytes]]


def loaded_once(load: LoadKey) -> LoadKey:
    """Gives the key that `load` gave first: another takes a new start of the process."""
    loaded = list[bytes]()

    async def key() -> bytes:
        if not loaded:
            loaded.append(await load())
        return loaded[0]

    return key


def token(claim: bytes, secret: bytes, *, purpose: bytes) -> str:
    """The claim and its signature as one word; `purpose` keeps a link of one kind from serving as another."""
    return f"{_text(claim)}.{_text(_signature(claim, secret, purpose))}"


def read_claim(token: str, secret: bytes, *, purpose: bytes) -> bytes:
    """What was signed; BadLink when the signature is not ours for this purpose."""
    claim, signature = _parts(token)
    if not hmac.compare_digest(signature, _signature(claim, secret, purpose)):
        raise BadLink("This link is not one of ours. It may have been cut off; open the whole address.")
    return claim


def _parts(token: str) -> tuple[bytes, bytes]:
    claim, _, signature = token.partition(".")
    try:
        return _bytes(claim), _bytes(signature)
    except (NoBase64, ValueError) as error:
        raise BadLink("This link can't be read. It may have been cut off; open the whole address.") from error


def _signature(claim: bytes, secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose + claim, hashlib.sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if len(text) > _LONGEST:
        raise ValueError("too long for one of ours")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(raw) != text:  # base64 lets some texts mean the same bytes
        raise ValueError("not as we write it")
    return raw

"""Whether a request comes from whom it says: a bearer token, or a signature of its body (R9.3)."""

import hashlib
import hmac
from collections.abc import Mapping

from blueprint.connections import EventSourceConnection

_BEARER, _SHA256 = "bearer ", "sha256="


def has_token(source: EventSourceConnection, headers: Mapping[str, str]) -> bool:
    """Whether the bearer token is the source's. Names in `headers` are lower-case; compared in constant time."""
    given = headers.get("authorization", "")
    if not given.lower().startswith(_BEARER):
        return False
    return _same(given[len(_BEARER) :].strip(), source.secret.get_secret_value())


def is_signed(source: EventSourceConnection, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the signature header holds the HMAC-SHA256 of exactly this body, in hex."""
    given = headers.get(source.signature_header.lower(), "").strip().lower().removeprefix(_SHA256)
    expected = hmac.new(source.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    return _same(given, expected)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())

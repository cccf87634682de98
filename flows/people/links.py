"""Signs the links that let a person answer one request without an account, and reads them again (R5.5)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from blueprint.requests import Request
from flows.links.signing import read_claim, token

PATH = "/answer"
_PURPOSE = b"missions: answer a request\n"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The one request that a link is for, and until when."""

    run_id: str
    key: str
    deadline: datetime


def link(request: Request, secret: bytes, base_url: str) -> str:
    """The address at which `request` can be answered until its deadline. Whoever has it may answer: it is a secret."""
    claim = json.dumps([request.run_id, request.key, request.deadline.isoformat()], separators=(",", ":")).encode()
    return f"{base_url.rstrip('/')}{PATH}/{token(claim, secret, purpose=_PURPOSE)}"


def read_token(given: str, secret: bytes) -> Target:
    """What a link is for; BadLink when its signature is not ours."""
    run_id, key, deadline = json.loads(read_claim(given, secret, purpose=_PURPOSE))
    return Target(run_id=run_id, key=key, deadline=datetime.fromisoformat(deadline).astimezone(UTC))

"""What can go wrong with a model endpoint: which failures are worth another try, and what people should do about them."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from agent.model.wire import excerpt, mapping
from blueprint.stream import Usage

LONGEST_PAUSE_SECONDS = 120.0
"""An endpoint that asks to wait longer is given up on."""


class Kind(StrEnum):
    """What went wrong; decides over retries and advice."""

    KEY = "key"
    QUOTA = "quota"
    ADDRESS = "address"
    UNKNOWN_MODEL = "unknown model"
    TOO_LONG = "too long"
    REQUEST = "request"
    RATE = "rate"
    DOWN = "down"
    SLOW = "slow"
    NONSENSE = "nonsense"
    UNUSABLE = "unusable"

    @property
    def is_transient(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self in (Kind.RATE, Kind.DOWN, Kind.SLOW, Kind.NONSENSE, Kind.UNUSABLE)

    @property
    def may_pass(self) -> bool:
        """Whether it is an outage, which ends some time, and not something wrong with what is asked or answered."""
        return self in (Kind.RATE, Kind.DOWN, Kind.SLOW)


ADVICE = {
    Kind.KEY: "Check the API key.",
    Kind.QUOTA: "Check the plan and the billing of the account behind the key.",
    Kind.ADDRESS: "Check the base URL; it usually ends in '/v1'.",
    Kind.UNKNOWN_MODEL: "Check the model's name and the base URL, which usually ends in '/v1'.",
    Kind.TOO_LONG: "Lower the context limit to what the model takes, or use a model with a larger one.",
    Kind.REQUEST: "Check that the model supports tools and that the extra body fits the endpoint.",
    Kind.RATE: "Wait, or raise the rate limit of the account.",
    Kind.DOWN: "Check that the endpoint runs and that the base URL is right.",
    Kind.SLOW: "Check the load of the endpoint, or raise the time limits.",
    Kind.NONSENSE: "Check that the base URL is that of a chat-completions endpoint; it usually ends in '/v1'.",
    Kind.UNUSABLE: "Nothing that it writes can be used; try another model.",
}


_IN_BETWEEN = "It has answered before: check the endpoint, and what stands before it."


class EndpointFailure(Exception):
    """One exchange failed. `claim` continues a sentence that begins with the model's label; `status` is 0 without an answer.

    `detail` is in the endpoint's own words: whoever shows the failure takes the key out of it first. `usage` is what it
    counted for an answer that can't be used. Whoever tries again says what came `earlier`, and whether the endpoint
    `has_answered` another request.
    """

    def __init__(
        self,
        kind: Kind,
        claim: str,
        *,
        detail: str = "",
        status: int = 0,
        retry_after: float = 0,
        is_transient: bool | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__()  # what a traceback shows is `__str__`, never the detail as it came
        self.kind, self.claim, self.detail, self.status, self.retry_after = kind, claim, detail, status, retry_after
        self.is_transient = kind.is_transient if is_transient is None else is_transient
        self.usage = usage or Usage()
        self.earlier: Sequence[EndpointFailure] = ()
        self.has_answered = False

    @property
    def may_pass(self) -> bool:
        """Whether it is, or belongs to, an outage. A proxy's page in the place of answers does, where answers came before."""
        is_among = self.is_transient and any(one.kind.may_pass for one in self.earlier)
        return self.kind.may_pass or is_among or self._is_in_between

    @property
    def advice(self) -> str:
        """What people should do about it."""
        return _IN_BETWEEN if self._is_in_between else ADVICE[self.kind]

    @property
    def tries(self) -> str:
        """How often it was tried, and what else came of that; empty for one try."""
        others = {one.claim: str(one) for one in self.earlier if one.claim != self.claim}
        if others:
            return f" in the last of {len(self.earlier) + 1} tries; before that: {', '.join(others.values())}"
        return f" in {len(self.earlier) + 1} tries" if self.earlier else ""

    @property
    def _is_in_between(self) -> bool:
        return self.kind is Kind.NONSENSE and self.has_answered

    def __str__(self) -> str:
        status = f"status {self.status}" if self.status not in (0, 200) else ""
        details = ": ".join(part for part in (status, excerpt(self.detail)) if part)
        return f"{self.claim} ({details})" if details else self.claim


def refused(status: int, detail: str, *, retry_after: float = 0, is_transient: bool | None = None) -> EndpointFailure:
    """The failure that a status and the endpoint's own words for it mean."""
    kind = _kind(status, detail)
    claim = _CLAIMS.get(kind, "refused the request")
    return EndpointFailure(kind, claim, detail=detail, status=status, retry_after=retry_after, is_transient=is_transient)


def error_in(document: Mapping[str, Any]) -> EndpointFailure | None:
    """The error that an answer of status 200 carries, None when it carries none."""
    error = document.get("error")
    if not error and (document.get("choices") is not None or not ({"message", "detail"} & document.keys())):
        return None
    details = mapping(error) or document
    code = details.get("code") or details.get("status")
    if isinstance(code, int) and 400 <= code < 600:
        return refused(code, words_in(error or document))
    return EndpointFailure(Kind.DOWN, "answered with an error", detail=words_in(error or document), status=200)


def words_in(body: object) -> str:
    """The endpoint's own words for an error, from any of the shapes in use."""
    if isinstance(body, str):
        return "a web page" if body.lstrip().startswith("<") else body
    error = mapping(body)
    inner = error.get("error") or error.get("message") or error.get("detail")
    if mapping(inner):
        return words_in(inner)
    text = inner if isinstance(inner, str) else json.dumps(inner or body, ensure_ascii=False, default=str)
    code = error.get("code") or error.get("type")
    return f"{text} [{code}]" if isinstance(code, str) and code not in text else text


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float:
    """What Retry-After asks for, as milliseconds, seconds or a date; 0 when it asks for nothing."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        text = headers.get("retry-after", "")
        if re.fullmatch(r"\s*[\d.]+\s*", text):
            return float(text)
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds()) if text else 0.0
    except (ValueError, TypeError):  # no number, no date, or a date without a zone
        return 0.0


_CLAIMS = {
    Kind.KEY: "refused the API key",
    Kind.QUOTA: "says that the account has no quota left",
    Kind.ADDRESS: "is at another address",
    Kind.UNKNOWN_MODEL: "is not known there",
    Kind.TOO_LONG: "says that the conversation is longer than its context window",
    Kind.RATE: "is rate-limited",
    Kind.DOWN: "is in trouble",
    Kind.UNUSABLE: "wrote a tool call that its own endpoint can't read",
}
_TOO_LONG = re.compile(
    r"context.{0,3}(length|window|size)|maximum context|too many tokens|(prompt|input) is too long|exceeds .{0,20}context",
    re.I,
)
_NO_QUOTA = re.compile(r"insufficient_quota|insufficient balance|exceeded your current quota|billing", re.I)
_BAD_CALL = re.compile(r"tool_use_failed|failed_generation", re.I)
_UNSUPPORTED = re.compile(r"requested parameters|that support|response_format", re.I)


def _kind(status: int, detail: str) -> Kind:
    match status:
        case 401 | 403:
            return Kind.KEY
        case 402:
            return Kind.QUOTA
        case 429:
            return Kind.QUOTA if _NO_QUOTA.search(detail) else Kind.RATE
        case 404:  # routers say 404 also for "no endpoint supports the requested parameters"
            return Kind.REQUEST if _UNSUPPORTED.search(detail) else Kind.UNKNOWN_MODEL
        case 413:
            return Kind.TOO_LONG
        case 408 | 409 | 425:
            return Kind.DOWN
        case _ if status < 400 or status == 405:
            return Kind.ADDRESS
        case _ if _TOO_LONG.search(detail):
            return Kind.TOO_LONG
        case _ if status >= 500:
            return Kind.DOWN
        case _:
            return Kind.UNUSABLE if _BAD_CALL.search(detail) else Kind.REQUEST

"""An HTTP client for MCP over HTTP whose failures stay failures of the one request that met them.

In mcp 2.3 a network error on any POST ends the whole client and cancels the task that owns it; and of an HTTP
error status nothing is left but "Server returned an error response". Here both, and a login that is missing, become the
JSON-RPC error of that request, whose `data` says what is known: `http_status`, `was_refused` (the call surely had no
effect) and `is_session_lost`.
"""

import json
from typing import Any, cast

import httpx2
from mcp.client.auth import OAuthFlowError

from blueprint.errors import Unavailable

_CONNECTION_FAILED = -32000
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)
_REFUSAL_CHARS = 500
_MAYBE_HANDLED = (408, 409)
"""The 4xx statuses that do not mean that the request was refused unread."""


class SurvivingClient(httpx2.AsyncClient):
    """An AsyncClient whose POSTs always get a response: a network error or error status as a JSON-RPC error."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The response; for a POST never a TransportError."""
        if request.method != "POST":
            return await super().send(request, **options)
        try:
            response = await super().send(request, **options)
            if response.status_code >= 400 or _is_json(response):
                await response.aread()  # a connection that breaks in the body must fail here, not in the SDK
        except httpx2.TransportError as error:
            return _failure(request, 503, _words(error), was_refused=isinstance(error, _NEVER_SENT))
        except (OAuthFlowError, Unavailable) as error:  # never signed, or refused with 401
            return _failure(request, 401, str(error)[:_REFUSAL_CHARS], was_refused=True)
        return _explained(request, response) if response.status_code >= 400 else response


def _explained(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """An error status as a JSON-RPC error; one that the server wrote itself keeps its code, message and data."""
    status = response.status_code
    own = _json_rpc_error(response)
    message = str(own.get("message") or f"HTTP {status} {response.reason_phrase}: {response.text[:200]}".strip(": "))
    return _failure(
        request,
        status,
        message,
        was_refused=400 <= status < 500 and status not in _MAYBE_HANDLED,
        is_session_lost=_lost_session(request, status, message),
        code=own.get("code", _CONNECTION_FAILED),
        own_data=own.get("data"),
    )


def _lost_session(request: httpx2.Request, status: int, message: str) -> bool:
    """Servers say 404 (the specification) or 400 when they no longer know the session that the request names."""
    return "mcp-session-id" in request.headers and (status == 404 or (status == 400 and "session" in message.lower()))


def _failure(
    request: httpx2.Request,
    status: int,
    message: str,
    *,
    was_refused: bool,
    is_session_lost: bool = False,
    code: object = _CONNECTION_FAILED,
    own_data: object = None,
) -> httpx2.Response:
    known = {"http_status": status, "was_refused": was_refused, "is_session_lost": is_session_lost}
    data = {**cast(dict[str, Any], own_data), **known} if isinstance(own_data, dict) else known
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message, "data": data}}
    headers = {"content-type": "application/json"}
    return httpx2.Response(status, headers=headers, content=json.dumps(body).encode(), request=request)


def _json_rpc_error(response: httpx2.Response) -> dict[str, Any]:
    if not _is_json(response):
        return {}
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    error: Any = cast(dict[str, Any], body).get("error") if isinstance(body, dict) else None
    return cast(dict[str, Any], error) if isinstance(error, dict) else {}


def _is_json(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("application/json")


def _words(error: httpx2.TransportError) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

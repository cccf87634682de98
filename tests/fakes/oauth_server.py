"""An MCP server behind OAuth, and its authorisation server, in one process: `python -m tests.fakes.oauth_server --port PORT`.

Tokens are used up, not timed: `POST /expire` ends all access tokens, `POST /revoke` all refresh tokens too. A refresh token
serves once; a second use ends its whole login, as strict servers do. `GET /seen` tells the grants that were asked for.
The person at `/sign-in` agrees at once, unless `POST /refuse` came first. `POST /break` until `/mend`: no tokens but HTTP 503;
`POST /reset`: all as at the start.
"""

import argparse
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import unquote, urlencode

import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "night-shift", "sk-oauth-client-0123456789"
SCOPE = "tools:use"
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


@dataclass(kw_only=True)
class AuthorizationServer(TokenVerifier):
    """Who was let in, with which tokens."""

    issuer: str
    clients: dict[str, str] = field(default_factory=lambda: {CLIENT_ID: CLIENT_SECRET})
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    access: dict[str, str] = field(default_factory=dict[str, str])
    refresh: set[str] = field(default_factory=set[str])
    spent: set[str] = field(default_factory=set[str])
    seen: list[str] = field(default_factory=list[str])
    refuses: bool = False
    is_down: bool = False

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who carries this token."""
        client = self.access.get(token)
        resource = f"{self.issuer}/mcp"
        return AccessToken(token=token, client_id=client, scopes=[SCOPE], resource=resource) if client else None

    async def metadata(self, _: Request) -> Response:
        """RFC 8414."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/sign-in",
                "token_endpoint": f"{self.issuer}/issue",
                "registration_endpoint": f"{self.issuer}/enrol",
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": [SCOPE],
            }
        )

    async def enrol(self, request: Request) -> Response:
        """RFC 7591: any client is taken."""
        wish = await request.json()
        client = f"client-{len(self.clients)}"
        self.clients[client] = f"sk-enrolled-{secrets.token_hex(8)}"
        self.seen.append("register")
        given = {"client_id": client, "client_secret": self.clients[client], "token_endpoint_auth_method": "client_secret_post"}
        return JSONResponse({**wish, **given}, status_code=201)

    async def sign_in(self, request: Request) -> Response:
        """The person agrees, or does not, and is sent back."""
        wish = dict(request.query_params)
        if self.refuses:
            back = {"error": "access_denied", "error_description": "not on my watch", "state": wish["state"]}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = wish
            back = {"code": code, "state": wish["state"]}
        return RedirectResponse(f"{wish['redirect_uri']}?{urlencode(back)}")

    async def issue(self, request: Request) -> Response:
        """The token endpoint: all three grants."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.seen.append(form["grant_type"])
        client, secret = _client(request, form)
        if self.is_down:
            return JSONResponse({"error": "temporarily_unavailable"}, status_code=503)
        if self.clients.get(client) != secret:
            return JSONResponse({"error": "invalid_client", "error_description": f"not {secret}"}, status_code=401)
        match form["grant_type"]:
            case "client_credentials":
                return self._issued(client, with_refresh=False)
            case "authorization_code" if self._is_good(self.codes.pop(form["code"], None), form):
                return self._issued(client)
            case "refresh_token" if form["refresh_token"] in self.refresh:
                self.refresh.remove(form["refresh_token"])
                self.spent.add(form["refresh_token"])
                self.access.clear()
                return self._issued(client)
            case _:
                if form.get("refresh_token") in self.spent:
                    self._end()
                return JSONResponse({"error": "invalid_grant"}, status_code=400)

    async def change(self, request: Request) -> Response:
        """Expire, revoke, refuse from now on, be down or up again, or begin anew."""
        match request.path_params["how"]:
            case "expire":
                self.access.clear()
            case "revoke":
                self._end()
            case "refuse":
                self.refuses = True
            case "break" | "mend" as how:
                self.is_down = how == "break"
            case _:
                vars(self).update(vars(AuthorizationServer(issuer=self.issuer)))
        return JSONResponse({})

    async def tell(self, _: Request) -> Response:
        """Which grants were asked for so far."""
        return JSONResponse(self.seen)

    def routes(self) -> list[Route]:
        """The pages of the authorisation server."""
        return [
            Route("/.well-known/oauth-authorization-server", self.metadata),
            Route("/enrol", self.enrol, methods=["POST"]),
            Route("/sign-in", self.sign_in),
            Route("/issue", self.issue, methods=["POST"]),
            Route("/seen", self.tell),
            Route("/{how}", self.change, methods=["POST"]),
        ]

    def _is_good(self, wish: dict[str, str] | None, form: dict[str, str]) -> bool:
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return wish is not None and wish["code_challenge"] == challenge and wish["redirect_uri"] == form["redirect_uri"]

    def _issued(self, client: str, *, with_refresh: bool = True) -> Response:
        token = f"at{secrets.token_hex(16)}"
        self.access[token] = client
        given = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": SCOPE}
        if with_refresh:
            self.refresh.add(renewal := f"rt{secrets.token_hex(16)}")
            given["refresh_token"] = renewal
        return JSONResponse(given)

    def _end(self) -> None:
        self.access.clear()
        self.refresh.clear()


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    kind, _, word = request.headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        client, _, secret = base64.b64decode(word).decode().partition(":")
        return unquote(client), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _make_server(authorization: AuthorizationServer) -> MCPServer:
    settings = AuthSettings.model_validate(
        {
            "issuer_url": authorization.issuer,
            "resource_server_url": f"{authorization.issuer}/mcp",
            "required_scopes": [SCOPE],
            "validate_token_resource": True,
        }
    )
    server = MCPServer("guarded", version="1", token_verifier=authorization, auth=settings)

    @server.tool(annotations=_READS)
    async def whoami() -> str:
        """Say who calls, and give their token away."""
        token = get_access_token()
        return f"{token.client_id} with {token.token}" if token else "nobody"

    return server


def _main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server behind OAuth, and its authorisation server.")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    authorization = AuthorizationServer(issuer=f"http://127.0.0.1:{port}")
    app = _make_server(authorization).streamable_http_app()
    app.router.routes.extend(authorization.routes())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    _main()

"""OAuth for tool servers, by mcp's own providers: with credentials of our own, or with a login that a person made (R8.1)."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from http import HTTPStatus

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from agent.tools.content import clean
from agent.tools.logins import Logins, Visit
from agent.tools.oauth_storage import InMemory, Kept, New
from blueprint.connections import AuthorizationCode, ClientCredentials, HttpServer, ToolLogin, ToolServerConnection
from blueprint.errors import InvalidInput, LoginNeeded, ToolServerUnavailable

_REFUSAL_CHARS = 200

Note = Callable[[str], None]
"""Told every token that comes up, so that it is kept out of what the server says."""


def authentication(settings: ToolServerConnection, note: Note, *, logins: Logins) -> httpx2.Auth | None:
    """What signs the requests to this server, if it asks for OAuth. Never asks a person: LoginNeeded when it had to."""
    match settings.server:
        case HttpServer(oauth=ClientCredentials() as oauth) as server:
            return _ByCredentials(server.url, oauth, note)
        case HttpServer(oauth=AuthorizationCode()) as server:
            return _ByLogin(settings.name, Kept(settings.name, server.url, logins, note), logins)
        case _:
            return None


def new_login(settings: ToolServerConnection, note: Note, *, visit: Visit, keep: Callable[[ToolLogin], None]) -> httpx2.Auth:
    """What leads a person through a login when the first request is refused, and hands the login to `keep`."""
    match settings.server:
        case HttpServer(oauth=AuthorizationCode() as oauth) as server:
            return _ByPerson(server.url, oauth, New(server.url, oauth, visit.redirect_uri, note, keep), visit)
        case _:
            raise InvalidInput(
                f"Tool server {settings.name!r} does not take a person's login; its OAuth is not by authorisation code."
            )


class _ByCredentials(ClientCredentialsOAuthProvider):
    """Client id and secret; a token is fetched anew in each process, and when the last one has ended."""

    def __init__(self, url: str, oauth: ClientCredentials, note: Note) -> None:
        super().__init__(url, InMemory(note), oauth.client_id, oauth.client_secret.get_secret_value(), issuer=oauth.issuer)
        self._scope = oauth.scope
        _quieten()

    async def _perform_authorization(self) -> httpx2.Request:
        self.context.client_metadata.scope = self._scope or self.context.client_metadata.scope
        metadata, client = self.context.oauth_metadata, self.context.client_info
        if (
            metadata is not None
            and client is not None
            and metadata.token_endpoint_auth_methods_supported == ["client_secret_post"]
        ):
            client.token_endpoint_auth_method = "client_secret_post"
        return await super()._perform_authorization()


class _ByPerson(OAuthClientProvider):
    """A new login; what was asked for is the scope of the connection, else what the server names."""

    def __init__(self, url: str, oauth: AuthorizationCode, storage: New, visit: Visit) -> None:
        metadata = OAuthClientMetadata.model_validate({"client_name": "Missions", "redirect_uris": [visit.redirect_uri]})
        super().__init__(url, metadata, storage, visit.lead, lambda: _code_of(visit))
        self._scope = oauth.scope
        _quieten()

    async def _perform_authorization(self) -> httpx2.Request:
        self.context.client_metadata.scope = self._scope or self.context.client_metadata.scope
        return await super()._perform_authorization()


async def _code_of(visit: Visit) -> AuthorizationCodeResult:
    """What the person brought back; OAuthFlowError when they were refused, or refused us."""
    answer = await visit.answer()
    if not answer.get("code"):
        why = " ".join(answer.get(field, "") for field in ("error", "error_description")).strip()
        raise OAuthFlowError(f"the login was not given: {clean(why)[:_REFUSAL_CHARS] or 'no reason'}")
    return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


class _ByLogin(OAuthClientProvider):
    """A login that was made before: where mcp's provider would ask a person again, the refresh token is used.

    A new process does not know when its token ends, nor where it is renewed. So it tries, and learns both after a 401.
    One process renews at a time; the others take what it got. A kill between the answer and the saving of it may end the
    login, as the old refresh token may be spent by then: the next run says so.
    """

    def __init__(self, server: str, storage: Kept, logins: Logins) -> None:
        super().__init__(storage.url, OAuthClientMetadata(redirect_uris=None), storage)
        self._server, self._logins = server, logins
        self._refresh: httpx2.Request | None = None
        _quieten()

    async def _auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        async with aclosing(super()._auth_flow(request)) as flow:
            try:
                outgoing = await anext(flow)
                while True:
                    if outgoing is self._refresh:
                        async with self._logins.alone(self._server):
                            outgoing = await flow.asend(await self._got_by_another() or (yield outgoing))
                    else:
                        outgoing = await flow.asend((yield outgoing))
            except StopAsyncIteration:
                return

    async def _got_by_another(self) -> httpx2.Response | None:
        """A token that was renewed elsewhere since ours was read, as the answer to a refresh; None when ours is the newest."""
        ours, kept = self.context.current_tokens, await self.context.storage.get_tokens()
        if ours is None or kept is None or kept.access_token == ours.access_token:
            return None
        self.context.client_info = await self.context.storage.get_client_info()
        return httpx2.Response(HTTPStatus.OK, content=kept.model_dump_json())

    async def _refresh_token(self) -> httpx2.Request:
        self._refresh = await super()._refresh_token()
        return self._refresh

    async def _perform_authorization(self) -> httpx2.Request:
        if not self.context.can_refresh_token():
            raise self._ended("it gave us nothing to renew it with")
        return await self._refresh_token()

    async def _handle_token_response(self, response: httpx2.Response) -> None:
        await self._handle_refresh_response(response)

    async def _handle_refresh_response(self, response: httpx2.Response) -> bool:
        status = response.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ToolServerUnavailable(f"its login can't be renewed just now: the authorisation server answers HTTP {status}")
        if not await super()._handle_refresh_response(response):
            raise self._ended(f"HTTP {status} when it was to be renewed")
        return True

    def _ended(self, why: str) -> LoginNeeded:
        self._initialized = False  # a person may log in meanwhile
        return LoginNeeded(self._server, f"its login has ended ({why})")


def _quieten() -> None:
    """Keep tracebacks of mcp's flow out of the log: what it logs it raises too, and an answer may repeat a secret."""
    logging.getLogger("mcp.client.auth.oauth2").addFilter(_is_no_traceback)


def _is_no_traceback(record: logging.LogRecord) -> bool:
    return record.exc_info is None

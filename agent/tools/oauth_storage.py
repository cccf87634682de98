"""What mcp's OAuth providers read and write their tokens by: from memory, from a kept login, into a new one."""

from collections.abc import Callable

from mcp.client.auth import TokenStorage
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import SecretStr, ValidationError

from agent.tools.logins import Logins
from blueprint.connections import AuthorizationCode, ToolLogin
from blueprint.errors import LoginNeeded


class InMemory(TokenStorage):
    """Tokens for as long as the process lives; `note` is told each."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if there are any yet."""
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Take new tokens."""
        self._tokens = tokens
        for secret in (tokens.access_token, tokens.refresh_token or ""):
            self._note(secret)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """As whom we are known, if we are."""
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Take what we are known as."""
        self._client = client_info
        self._note(client_info.client_secret or "")


class New(InMemory):
    """Begins with nothing but a client that is known already, and hands the login to `keep` once it is whole."""

    def __init__(
        self,
        url: str,
        oauth: AuthorizationCode,
        redirect_uri: str,
        note: Callable[[str], None],
        keep: Callable[[ToolLogin], None],
    ) -> None:
        super().__init__(note)
        self._url, self._keep = url, keep
        if oauth.client_id:
            self._client = _known_client(oauth, redirect_uri)

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Take new tokens, and hand them on with the client that they were issued to."""
        await super().set_tokens(tokens)
        if self._client is not None:
            self._keep(_login(self._url, tokens, self._client))


class Kept(InMemory):
    """A login that is kept elsewhere, read anew each time. It is sent only to the address that it was made for."""

    def __init__(self, server: str, url: str, logins: Logins, note: Callable[[str], None]) -> None:
        super().__init__(note)
        self.url = url
        self._server, self._logins = server, logins

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens as they are kept now; LoginNeeded when there are none for this address."""
        login = await self._logins.load(self._server)
        if login is None:
            raise LoginNeeded(self._server, "nobody has logged in to it yet")
        if login.url != self.url:
            raise LoginNeeded(self._server, "its login was made for another address")
        try:
            await super().set_client_info(OAuthClientInformationFull.model_validate_json(login.client.get_secret_value()))
            await super().set_tokens(OAuthToken.model_validate_json(login.tokens.get_secret_value()))
        except ValidationError as error:
            raise LoginNeeded(self._server, "its login can't be read") from error
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep renewed tokens."""
        is_new = tokens != self._tokens
        await super().set_tokens(tokens)
        if is_new and self._client is not None:
            await self._logins.save(self._server, _login(self.url, tokens, self._client))

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Refuse: we would be known to another authorisation server than the one that the person has let us in to."""
        raise LoginNeeded(self._server, "it has another authorisation server now")


def _known_client(oauth: AuthorizationCode, redirect_uri: str) -> OAuthClientInformationFull:
    secret = oauth.client_secret.get_secret_value()
    known = {"client_id": oauth.client_id, "client_secret": secret, "redirect_uris": [redirect_uri]}
    return OAuthClientInformationFull.model_validate(
        known | {"token_endpoint_auth_method": "client_secret_basic" if secret else "none"}
    )


def _login(url: str, tokens: OAuthToken, client: OAuthClientInformationFull) -> ToolLogin:
    return ToolLogin(url=url, tokens=SecretStr(tokens.model_dump_json()), client=SecretStr(client.model_dump_json()))

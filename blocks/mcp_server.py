"""An MCP server as a Prefect block (R8.1)."""

from typing import Literal, assert_never

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, SecretStr

from blueprint.connections import (
    AuthorizationCode,
    ClientCredentials,
    HttpServer,
    StdioServer,
    ToolServerConnection,
)
from blueprint.errors import InvalidInput
from blueprint.policy import RiskPolicy, ToolRule


class McpServer(Block):
    """A server of tools: a program that is started, or a URL."""

    _block_type_name = "Missions: MCP server"
    _block_type_slug = "missions-mcp-server"

    transport: Literal["stdio", "http", "sse"] = Field(
        default="stdio", title="Transport", description="stdio: a program; http: streamable HTTP; sse: the older HTTP form."
    )
    command: str = Field(default="", title="Command", description="For stdio: the program, e.g. 'uvx'.")
    arguments: list[str] = Field(
        default_factory=list[str], title="Arguments", description="For stdio: one entry each, e.g. 'mcp-server-git'."
    )
    environment: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        title="Environment",
        description='For stdio: variables that the program gets, as JSON, e.g. {"TOKEN": "…"}. It gets no others of ours.',
    )
    directory: str = Field(default="", title="Directory", description="For stdio: where the program is started.")
    url: str = Field(default="", title="URL", description="For http and sse, e.g. 'https://tools.example.com/mcp'.")
    headers: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        title="Headers",
        description='For http and sse: sent with every request, as JSON, e.g. {"Authorization": "Bearer …"}.',
    )
    oauth: Literal["none", "client-credentials", "authorization-code"] = Field(
        default="none",
        title="OAuth",
        description="For http and sse: none; client-credentials: id, secret and issuer below; authorization-code: a person "
        "lets us in once, with `missions tools login`.",
    )
    oauth_client_id: str = Field(
        default="",
        title="OAuth client id",
        description="As whom Missions is known. For authorization-code leave it empty where the server lets clients register.",
    )
    oauth_client_secret: SecretStr = Field(
        default=SecretStr(""), title="OAuth client secret", description="What belongs to the client id, if there is one."
    )
    oauth_issuer: str = Field(
        default="",
        title="OAuth issuer",
        description="For client-credentials: the address of the authorisation server, which alone gets id and secret.",
    )
    oauth_scope: str = Field(
        default="",
        title="OAuth scope",
        description="What is asked for, in words with spaces; empty for what the server names.",
    )
    rules: list[ToolRule] = Field(
        default_factory=list[ToolRule],
        title="Tool rules",
        description="What happens to calls of this server's tools. A Digital Employee's rules and a plan's go before these.",
    )
    connect_timeout_seconds: float = Field(
        default=60, gt=0, title="Connect timeout", description="Seconds until the server must be ready."
    )
    call_timeout_seconds: float = Field(default=120, gt=0, title="Call timeout", description="Seconds that one call may take.")

    def connection(self) -> ToolServerConnection:
        """The plain value that the agent uses; InvalidInput when the command or the URL is missing."""
        return ToolServerConnection(
            name=self._name,
            server=self._server(),
            policy=RiskPolicy(rules=tuple(self.rules)),
            connect_timeout_seconds=self.connect_timeout_seconds,
            call_timeout_seconds=self.call_timeout_seconds,
        )

    @property
    def _name(self) -> str:
        return self._block_document_name or "unsaved"

    def _server(self) -> StdioServer | HttpServer:
        match self.transport:
            case "stdio":
                return StdioServer(
                    command=self._given("command"),
                    arguments=tuple(self.arguments),
                    environment=_secrets(self.environment),
                    directory=self.directory,
                )
            case "http" | "sse":
                return HttpServer(
                    transport=self.transport, url=self._given("url"), headers=_secrets(self.headers), oauth=self._oauth()
                )
            case _:
                assert_never(self.transport)

    def _oauth(self) -> ClientCredentials | AuthorizationCode | None:
        match self.oauth:
            case "none":
                return None
            case "client-credentials":
                return ClientCredentials(
                    client_id=self._needed("oauth_client_id", self.oauth_client_id),
                    client_secret=SecretStr(self._needed("oauth_client_secret", self.oauth_client_secret.get_secret_value())),
                    issuer=self._needed("oauth_issuer", self.oauth_issuer),
                    scope=self.oauth_scope.strip(),
                )
            case "authorization-code":
                return AuthorizationCode(
                    client_id=self.oauth_client_id.strip(), client_secret=self.oauth_client_secret, scope=self.oauth_scope.strip()
                )
            case _:
                assert_never(self.oauth)

    def _needed(self, field: str, value: str) -> str:
        if not value.strip():
            raise InvalidInput(f"MCP server {self._name!r} has OAuth {self.oauth!r} but no {field}; fill it in in its block.")
        return value.strip()

    def _given(self, field: Literal["command", "url"]) -> str:
        value = self.command if field == "command" else self.url
        if not value.strip():
            raise InvalidInput(
                f"MCP server {self._name!r} has transport {self.transport!r} but no {field}; fill it in in its block."
            )
        return value.strip()


def _secrets(values: SecretDict) -> dict[str, SecretStr]:
    return {name: SecretStr(str(value)) for name, value in values.get_secret_value().items()}

"""An MCP server as a Prefect block (R8.1)."""

from typing import Literal, assert_never

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, SecretStr

from blueprint.connections import HttpServer, StdioServer, ToolServerConnection
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
                return HttpServer(transport=self.transport, url=self._given("url"), headers=_secrets(self.headers))
            case _:
                assert_never(self.transport)

    def _given(self, field: Literal["command", "url"]) -> str:
        value = self.command if field == "command" else self.url
        if not value.strip():
            raise InvalidInput(
                f"MCP server {self._name!r} has transport {self.transport!r} but no {field}; fill it in in its block."
            )
        return value.strip()


def _secrets(values: SecretDict) -> dict[str, SecretStr]:
    return {name: SecretStr(str(value)) for name, value in values.get_secret_value().items()}

"""How to reach a model or a tool server, who may send events, and who the agent is: plain values that blocks hold."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr

from blueprint.events import EventMapping
from blueprint.policy import RiskPolicy
from blueprint.values import Name, Value

TOOL_SERVER_MARK = "MISSIONS_TOOL_SERVER"
"""Environment variable of a tool server that was started as a child process: `<pid of who started it>-<unique name>`."""


class ModelConnection(Value):
    """An OpenAI-compatible chat-completions endpoint (R8.1)."""

    name: Name
    base_url: str
    model: str
    note: str = ""
    api_key: SecretStr = SecretStr("")
    context_tokens: int = 128_000
    max_output_tokens: int = 4_096
    request_timeout_seconds: float = 300
    idle_timeout_seconds: float = 120
    max_retries: int = 4
    patience_seconds: float = 900
    price_per_million_input: float = 0
    price_per_million_output: float = 0
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)


class StdioServer(Value):
    """An MCP server that is started as a child process."""

    transport: Literal["stdio"] = "stdio"
    command: str
    arguments: tuple[str, ...] = ()
    environment: dict[str, SecretStr] = Field(default_factory=dict)
    directory: str = ""


class ClientCredentials(Value):
    """OAuth by an id and a secret of our own; they are only ever sent to the authorisation server `issuer`."""

    grant: Literal["client-credentials"] = "client-credentials"
    client_id: str
    client_secret: SecretStr
    issuer: str
    scope: str = ""


class AuthorizationCode(Value):
    """OAuth by a person who lets us in once; without a client id we register where the server allows that."""

    grant: Literal["authorization-code"] = "authorization-code"
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scope: str = ""


class HttpServer(Value):
    """An MCP server behind a URL, over streamable HTTP or the older SSE."""

    transport: Literal["http", "sse"] = "http"
    url: str
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    oauth: Annotated[ClientCredentials | AuthorizationCode, Field(discriminator="grant")] | None = None


class ToolLogin(Value):
    """What a person's login to the server at `url` has given: the tokens, and the client that they were issued to, as JSON."""

    url: str
    tokens: SecretStr
    client: SecretStr


class ToolServerConnection(Value):
    """One MCP server under the name by which policies and Tasks call it."""

    name: Name
    server: Annotated[StdioServer | HttpServer, Field(discriminator="transport")]
    policy: RiskPolicy = RiskPolicy()
    connect_timeout_seconds: float = 60
    call_timeout_seconds: float = 120


SourceKind = Literal["alertmanager", "grafana", "cloudevents", "json"]
"""Which form the events of a source have; json: any, read by a mapping."""

SourceAuthentication = Literal["bearer", "hmac"]
"""How a source proves that it is the one: it sends the secret, or signs the body with it."""


class EventSourceConnection(Value):
    """Something outside that may send events, and how it proves that it is the one (R9.3)."""

    name: Name
    kind: SourceKind
    authentication: SourceAuthentication = "bearer"
    secret: SecretStr
    signature_header: str = "X-Hub-Signature-256"
    mapping: EventMapping = EventMapping()


class Employee(Value):
    """A Digital Employee: who plans and executes, with what (R8.1)."""

    name: Name
    role: str
    rules: str = ""
    policy: RiskPolicy = RiskPolicy()
    model: ModelConnection
    servers: tuple[ToolServerConnection, ...] = ()
    skills: tuple[str, ...] = ()

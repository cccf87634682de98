"""Blocks on a real Prefect server: registered, saved, loaded, masked."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from prefect.types import SecretDict
from pydantic import SecretStr

from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.mcp_server import McpServer
from blocks.mission_store import MissionStore
from blocks.model_endpoint import ModelEndpoint
from blocks.notification_channel import NotificationChannel, forget_mission, notification_channels
from blocks.registry import BLOCK_TYPES, ensure_defaults, register_blocks
from blocks.tool_login import McpLogin
from blueprint.connections import AuthorizationCode, ClientCredentials, HttpServer, StdioServer
from blueprint.errors import InvalidInput, Unavailable, UnknownName
from blueprint.notification import MissionRule
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.stream import Severity
from tests.blocks.examples import mission
from tests.blocks.postgres import Postgres
from tests.blocks.prefect_server import running_prefect_server

SECRET = "planted-secret-word"


@pytest.fixture(scope="module", autouse=True)
async def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """A Prefect server that knows our block types."""
    home: Path = tmp_path_factory.mktemp("prefect")
    async with running_prefect_server(postgres.url, home) as address:
        with temporary_settings({PREFECT_API_URL: address, PREFECT_HOME: home}):
            await register_blocks()
            yield address


async def defaults(store_url: str = "postgresql+asyncpg://u:p@db/missions", **changed: Any) -> None:
    given: dict[str, Any] = {
        "model_base_url": "http://127.0.0.1:4210/v1",
        "host_command": "/usr/bin/python3",
        "host_arguments": ["-m", "agent.builtin.host"],
        "host_environment": {"MISSIONS_SCRATCH": "/scratch"},
    }
    await ensure_defaults(**given | changed, store_url=store_url)


async def test_every_block_type_has_a_form_with_a_title_and_a_description_for_each_field(api: str) -> None:
    await register_blocks()
    async with httpx.AsyncClient(base_url=api) as client:
        for kind in BLOCK_TYPES:
            block_type = (await client.get(f"/block_types/slug/{kind.get_block_type_slug()}")).json()
            schemas = (
                await client.post(
                    "/block_schemas/filter", json={"block_schemas": {"block_type_id": {"any_": [block_type["id"]]}}}
                )
            ).json()
            [fields] = [schema["fields"]["properties"] for schema in schemas]
            assert block_type["name"].startswith("Missions: ")
            assert [name for name, field in fields.items() if not (field.get("title") and field.get("description"))] == []


async def test_no_secret_comes_back_from_the_api_unmasked(api: str) -> None:
    secrets = SecretDict({"TOKEN": SECRET})
    await ModelEndpoint(base_url="http://m/v1", model="m", api_key=SecretStr(SECRET)).asave("masked")
    await McpServer(command="x", environment=secrets, headers=secrets, oauth_client_secret=SecretStr(SECRET)).asave("masked")
    await McpLogin(url="http://t/mcp", tokens=SecretStr(SECRET), client=SecretStr(SECRET)).asave("masked")
    await NotificationChannel(url=SecretStr(f"json://{SECRET}")).asave("masked")
    await MissionStore(url=SecretStr(f"postgresql://u:{SECRET}@db/m")).asave("masked")
    async with httpx.AsyncClient(base_url=api) as client:
        answer = await client.post("/block_documents/filter", json={})
    assert answer.text.count("masked") >= 4
    assert "****" in answer.text
    assert SECRET not in answer.text
    assert SECRET not in repr(await load_block(McpServer, "masked"))
    server = (await load_block(McpServer, "masked")).connection().server
    assert isinstance(server, StdioServer)
    assert server.environment["TOKEN"].get_secret_value() == SECRET


async def test_model_endpoint_gives_its_connection(api: str) -> None:
    block = ModelEndpoint(base_url="http://m/v1", model="m", api_key=SecretStr(SECRET), extra_body={"seed": 1}, max_retries=7)
    await block.asave("mine")
    connection = (await load_block(ModelEndpoint, "mine")).connection()
    assert (connection.name, connection.model, connection.max_retries, connection.extra_body) == ("mine", "m", 7, {"seed": 1})
    assert connection.api_key.get_secret_value() == SECRET


async def test_mcp_server_by_url_gives_its_connection_and_one_without_url_says_what_is_missing(api: str) -> None:
    block = McpServer(transport="sse", url=" http://tools/mcp ", headers=SecretDict({"Authorization": SECRET}))
    server = block.connection().server
    assert isinstance(server, HttpServer)
    assert (server.transport, server.url, server.headers["Authorization"].get_secret_value()) == (
        "sse",
        "http://tools/mcp",
        SECRET,
    )
    await McpServer(transport="http").asave("half")
    with pytest.raises(InvalidInput, match="MCP server 'half' has transport 'http' but no url"):
        (await load_block(McpServer, "half")).connection()


async def test_mcp_server_behind_oauth_gives_how_it_is_entered_and_says_what_is_missing(api: str) -> None:
    known = McpServer(transport="http", url="http://t/mcp", oauth="client-credentials", oauth_client_id="us", oauth_scope="a b")
    with pytest.raises(InvalidInput, match="has OAuth 'client-credentials' but no oauth_client_secret"):
        known.connection()
    known.oauth_client_secret, known.oauth_issuer = SecretStr(SECRET), "http://login"
    credentials = ClientCredentials(client_id="us", client_secret=SecretStr(SECRET), issuer="http://login", scope="a b")
    person = McpServer(transport="http", url="http://t/mcp", oauth="authorization-code")
    assert [_oauth(block) for block in (known, person)] == [credentials, AuthorizationCode()]


def _oauth(block: McpServer) -> ClientCredentials | AuthorizationCode | None:
    server = block.connection().server
    assert isinstance(server, HttpServer)
    return server.oauth


async def test_employee_comes_with_the_model_and_the_servers_that_it_names(api: str) -> None:
    rules = [ToolRule(tool="git.*", rule=Rule.FORBID)]
    await ModelEndpoint(base_url="http://m/v1", model="m").asave("brain")
    await McpServer(command="mcp-server-git", rules=rules).asave("git")
    block = DigitalEmployee(title="Ann", role="You know git.", model="brain", servers=["git", "git"], tool_rules=rules)
    await block.asave("ann")
    employee = await (await load_block(DigitalEmployee, "ann")).employee()
    assert (employee.name, employee.role, employee.model.name) == ("ann", "You know git.", "brain")
    assert [(server.name, server.policy) for server in employee.servers] == [("git", RiskPolicy(rules=tuple(rules)))]
    assert employee.policy == RiskPolicy(rules=tuple(rules))


async def test_missing_block_is_an_error_that_lists_those_that_there_are(api: str) -> None:
    await ModelEndpoint(base_url="http://m/v1", model="m").asave("there", overwrite=True)
    with pytest.raises(UnknownName, match=r"There is no model endpoint block 'not/there'; available: .*there"):
        await load_block(ModelEndpoint, "not/there")
    employee = DigitalEmployee(title="Bob", role="-", model="there", servers=["nowhere"])
    with pytest.raises(UnknownName, match="There is no MCP server block 'nowhere'"):
        await employee.employee()


async def test_prefect_server_that_is_down_or_knows_nothing_is_told_apart(api: str) -> None:
    class Unregistered(ModelEndpoint):
        """A block type that nobody registered."""

        _block_type_slug = "unregistered"

    assert await block_names(Unregistered) == []
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}), pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        await block_names(ModelEndpoint)


async def test_defaults_are_made_once_and_later_only_their_addresses_are_set(api: str) -> None:
    await defaults()
    edited = await load_block(ModelEndpoint, "rehearsal")
    edited.max_retries = 9
    await edited.asave("rehearsal", overwrite=True)
    role = await load_block(DigitalEmployee, "default")
    role.role = "You are mine."
    await role.asave("default", overwrite=True)
    await defaults("postgresql+asyncpg://u:p@other/missions", model_base_url="http://127.0.0.1:9/v1", host_environment={"A": "b"})
    model, host = await load_block(ModelEndpoint, "rehearsal"), await load_block(McpServer, "host")
    assert (model.base_url, model.max_retries) == ("http://127.0.0.1:9/v1", 9)
    assert (host.command, host.environment.get_secret_value()) == ("/usr/bin/python3", {"A": "b"})
    assert (await load_block(MissionStore, "missions")).url.get_secret_value() == "postgresql+asyncpg://u:p@other/missions"
    employee = await (await load_block(DigitalEmployee, "default")).employee()
    assert (employee.role, employee.model.name, [server.name for server in employee.servers]) == (
        "You are mine.",
        "rehearsal",
        ["host"],
    )


async def test_store_block_opens_the_store(api: str, migrated_url: str) -> None:
    await MissionStore(url=SecretStr(migrated_url)).asave("here")
    async with (await load_block(MissionStore, "here")).open() as store:
        await store.missions.add(mission("by-block"))
        assert await store.missions.get("by-block") == mission("by-block")
    assert "here" in await block_names(MissionStore)


async def test_saving_the_form_again_with_masked_secrets_keeps_them(api: str) -> None:
    block = McpServer(command="old", environment=SecretDict({"TOKEN": SECRET}), headers=SecretDict({"X": SECRET}))
    saved = await block.asave("form")
    async with httpx.AsyncClient(base_url=api) as client:
        shown = (await client.get(f"/block_documents/{saved}")).json()
        update = {"data": shown["data"] | {"command": "new"}, "block_schema_id": shown["block_schema_id"]}
        (await client.patch(f"/block_documents/{saved}", json=update)).raise_for_status()
    loaded = await load_block(McpServer, "form")
    assert (loaded.command, loaded.environment, loaded.headers) == ("new", block.environment, block.headers)


async def test_channels_are_read_by_one_request_and_forget_the_rules_of_a_deleted_mission() -> None:
    rules = [MissionRule(mission="hosts", events=("error",)), MissionRule(mission="mail", is_off=True)]
    url = SecretStr(f"slack://{SECRET}/B/C")
    await NotificationChannel(kind="bot", url=url, least_severity=Severity.WARNING, missions=rules).asave("rules")
    async with get_client() as client:
        await forget_mission(client, "hosts")
        await forget_mission(client, "hosts")
        [channel] = [one for one in await notification_channels(client) if one.name == "rules"]
    assert (channel.rule.least_severity, channel.missions) == (Severity.WARNING, (rules[1],))
    assert channel.url.get_secret_value() == f"slack://{SECRET}/B/C"
    assert channel.changed_at is not None

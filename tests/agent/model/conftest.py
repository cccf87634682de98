"""A scripted endpoint for all tests, a connection to it, and pauses that take no time."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import pytest
from pydantic import SecretStr

from blueprint.connections import ModelConnection
from tests.fakes.model_server import ScriptedModel, scripted_model

KEY = "sk-planted-secret"


class Pauses(list[float]):
    """Notes how long the model wanted to wait, and does not wait."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Connect(Protocol):
    """Makes a connection to the scripted endpoint, with other settings where given."""

    def __call__(self, **settings: object) -> ModelConnection: ...


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture(scope="session")
async def running_server() -> AsyncIterator[ScriptedModel]:
    async with scripted_model([], key=KEY) as server:
        yield server


@pytest.fixture
def server(running_server: ScriptedModel) -> Iterator[ScriptedModel]:
    yield running_server
    for record in (running_server.turns, running_server.requests, running_server.headers):
        record.clear()


@pytest.fixture
def connect(server: ScriptedModel) -> Connect:
    def connection(**settings: object) -> ModelConnection:
        usual = {"name": "gateway", "base_url": server.url, "model": "scripted", "api_key": SecretStr(KEY), "max_retries": 2}
        return ModelConnection.model_validate(usual | settings)

    return connection

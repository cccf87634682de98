"""What docs/events.md tells people to write works as it stands there, with this installation's address and tokens."""

import asyncio
import json
import os
import re
import shlex
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from blocks.event_source import EventSource
from blueprint.events import EventMapping
from tests.deployments.gateway.requests import alert, notification
from tests.fakes.alertmanager import alertmanager, needs_alertmanager
from tests.fakes.command import run_here
from tests.fakes.installation import Installation

TEXT = (Path(__file__).parents[1] / "docs" / "events.md").read_text()
ADDRESS, TOKEN_FILE, KEY = "http://127.0.0.1:4280", "/etc/prometheus/missions-token", "the-readers-own-key"
SECONDS = 60


def written(name: str) -> str:
    """The YAML file of this name."""
    [found] = [
        block for block in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) if block.startswith(f"# {name}")
    ]
    return found


def lines(program: str) -> list[str]:
    """All lines of the `sh` blocks that begin with the program's name."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.startswith(program)]


class Reader:
    """Somebody who has added all the sources."""

    def __init__(self, installation: Installation, tokens: dict[str, str]) -> None:
        self.installation, self.tokens = installation, tokens

    def here(self, text: str) -> str:
        """The text with this installation's address."""
        return text.replace(ADDRESS, self.installation.addresses.service_url)

    async def kept(self, name: str) -> int:
        """How many events of this name are in the store."""
        async with self.installation.store() as store, store.engine.connect() as connection:
            rows = await connection.exec_driver_sql("SELECT document FROM missions.events")
            return sum(row.document["name"] == name for row in rows)

    async def comes(self, name: str) -> None:
        """Wait for an event of this name."""
        async with asyncio.timeout(SECONDS):
            while not await self.kept(name):
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
async def reader(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Reader]:
    """The sources are there meanwhile."""
    folder, tokens = tmp_path_factory.mktemp("docs"), dict[str, str]()
    mapping = folder / "builds.yaml"
    mapping.write_text(written("builds.yaml"))
    for line in lines("missions sources add"):
        words = [str(mapping) if word == "builds.yaml" else word for word in shlex.split(line)[1:]]
        said = await run_here(installation, *words, "--json", BUILD_KEY=KEY)
        assert said.code == 0, said
        tokens[words[2]] = said.json.get("secret", KEY)
    yield Reader(installation, tokens)
    with installation.chosen():
        for name in tokens:
            await EventSource.adelete(name)


async def test_sources_are_listed_and_no_secret_is_shown_again(reader: Reader) -> None:
    for line in lines("missions sources list"):
        said = await run_here(reader.installation, *shlex.split(line)[1:])
        assert all(name in said.stdout for name in reader.tokens)
        assert not any(token in said.stdout + said.stderr for token in reader.tokens.values())


async def test_removed_source_is_gone(reader: Reader) -> None:
    assert (await run_here(reader.installation, "sources", "add", "short-lived")).code == 0
    assert (await run_here(reader.installation, "sources", "add", "short-lived")).code == 2
    removed = await run_here(reader.installation, "sources", "remove", "short-lived")
    assert (removed.code, removed.stdout) == (0, "Source 'short-lived' is removed.\n")
    again = await run_here(reader.installation, "sources", "remove", "short-lived")
    assert (again.code, again.stderr[:40]) == (2, "Error: There is no event source block 's")


@needs_alertmanager
async def test_real_alertmanager_with_this_configuration_delivers(reader: Reader, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(reader.tokens["prod-alerts"])
    config = tmp_path / "alertmanager.yml"
    config.write_text(reader.here(written("alertmanager.yml")).replace(TOKEN_FILE, str(token)).replace("10s", "1s"))
    async with alertmanager(config) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        fired = await http.post("/api/v2/alerts", json=[{"labels": {"alertname": "DiskFull", "instance": "db1"}}])
        assert fired.status_code == 200
        await reader.comes("alertmanager.firing")


async def test_grafana_with_this_contact_point_delivers(reader: Reader) -> None:
    settings = yaml.safe_load(reader.here(written("missions.yaml")))["contactPoints"][0]["receivers"][0]["settings"]
    token = settings["authorization_credentials"].replace("$MISSIONS_TOKEN", reader.tokens["prod-grafana"])
    async with httpx.AsyncClient(trust_env=False) as http:
        body = notification(alert(values={"A": 1.5}), version="1", orgId=1, state="alerting")
        headers = {"Authorization": f"{settings['authorization_scheme']} {token}"}
        answer = await http.request(settings["httpMethod"], settings["url"], headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    await reader.comes("grafana.firing")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="no curl or openssl; .ci/run installs them")
async def test_every_curl_line_delivers(reader: Reader) -> None:
    for line in lines("curl"):
        environment = {**os.environ, "MISSIONS_TOKEN": reader.tokens["ci"], "BUILD_KEY": KEY}
        command = reader.here(line).replace("curl ", "curl --silent --noproxy '*' ", 1)
        process = await asyncio.create_subprocess_shell(command, env=environment, stdout=PIPE)
        stdout, _ = await asyncio.wait_for(process.communicate(), 30)
        assert json.loads(stdout) in ({"stored": 1, "repeated": 0}, {"stored": 0, "repeated": 1}), line
    assert await reader.kept("cloudevents.com.example.build.failed") == 2
    assert await reader.kept("json.failed") == 1


def test_comments_of_the_mapping_tell_the_defaults() -> None:
    said: dict[str, Any] = yaml.safe_load(written("builds.yaml"))
    assert said.keys() == EventMapping.model_fields.keys()
    assert (EventMapping().id, EventMapping().name, EventMapping().events, EventMapping().time) == ("/id", "/type", "", "")

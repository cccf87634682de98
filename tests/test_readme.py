"""Every command in README.md's `sh` blocks works as it stands there, its placeholders filled in."""

import asyncio
import os
import re
import shlex
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from deployments.local.settings import LocalSettings
from flows.settings import RunSettings
from tests.fakes.command import run_here
from tests.fakes.installation import Installation, Outcome
from tests.fakes.model_server import ScriptedModel, says, scripted_model
from tests.test_prefect_yaml import deploy

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
KEY = "the-readers-key"
STARTED_ELSEWHERE = "missions up"  # the fixture has started it


def lines() -> list[str]:
    """All lines of the `sh` blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    return [line.split(" # ")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
async def reader(installation: Installation) -> AsyncGenerator["Reader"]:
    """Somebody with a model of their own and an old file in the scratch directory; the default employee is restored after."""
    _litter(installation.home / "scratch")
    with installation.chosen():
        before = await load_block(DigitalEmployee, "default")
        async with scripted_model([says("ready")] * 9, key=KEY) as model:
            yield Reader(installation, model)
        await before.asave("default", overwrite=True)
        await ModelEndpoint.adelete("main")
        await McpServer.adelete("git")


class Reader:
    """Types what README says, line by line."""

    def __init__(self, installation: Installation, model: ScriptedModel) -> None:
        self._installation = installation
        self._model = model
        self._words: dict[str, str] = {"$BASE_URL": model.url, "$MODEL": "scripted"}
        self._watching: asyncio.Task[Outcome] | None = None

    async def type(self, line: str) -> None:
        """Do what the line says; AssertionError with what it printed when it fails."""
        program, *words = [self._words.get(word, word) for word in shlex.split(line)]
        if program == "prefect":
            return await deploy(self._installation)
        if words[0] == "watch":  # it ends with the run, further below
            self._watching = asyncio.create_task(self._installation.command(*words))
            return None
        if words[0] in ("inbox", "reply"):
            await self._installation.asked(self._words["RUN"])
        if words[0] == "report":
            await self._installation.ended(self._words["RUN"])
        said = await self._missions(words)
        # Models of other tests, whose servers are gone, are among those that the doctor finds.
        assert said.code == 0 or (words[0] == "doctor" and "ok     model main" in said.stdout), f"{line}: {said}"
        await self._learn(words, said)
        return None

    async def finish(self) -> str:
        """What `missions watch` has shown."""
        assert self._watching is not None
        return (await self._watching).stdout

    async def _missions(self, words: list[str]) -> Outcome:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return await run_here(self._installation, *words, PATH=path, MY_API_KEY=KEY)

    async def _learn(self, words: list[str], said: Outcome) -> None:
        """The ids that the next lines need, from what was printed."""
        if words[0] == "create":
            mission = re.findall(r"^  id +(\S+)$", said.stdout, flags=re.MULTILINE)[0]
            shown = (await self._missions(["show", mission, "--json"])).json
            self._words |= {"MISSION": mission, "TASK": shown["tasks"][0]["name"]}
        if words[0] == "run":
            self._words["RUN"] = said.stdout.strip()


async def test_every_command_works_in_the_order_in_which_it_stands(reader: Reader) -> None:
    for line in lines():
        if not line.startswith(("make ", STARTED_ELSEWHERE)):
            await reader.type(line)
    assert "host.clean_scratch: done" in await reader.finish()


def test_the_makefile_has_every_target_that_is_named():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    named = re.findall(r"make (\w+)", "\n".join([*lines(), *re.findall(r"`(make \w+)`", README)]))
    assert named[:2] == ["demo", "test"]
    assert set(named) <= set(targets)


def test_the_table_of_settings_is_complete():
    written = set(re.findall(r"^\| `MISSIONS_(\w+)`", README, flags=re.MULTILINE))
    assert written == {name.upper() for name in [*LocalSettings.model_fields, *RunSettings.model_fields]}


def _litter(scratch: Path) -> None:
    """Over 1 MB of an old file, so that the first Mission has something to clean."""
    file, long_ago = scratch / "old.bin", time.time() - 30 * 86_400
    file.write_bytes(b"x" * 2_000_000)
    os.utime(file, (long_ago, long_ago))

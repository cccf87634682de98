"""No secret that a block holds gets into artifacts, logs, reports, records, files or what the command prints (R9.1)."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from prefect.types import SecretDict
from pydantic import SecretStr
from starlette.responses import PlainTextResponse, Response

from blocks.digital_employee import DigitalEmployee
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blocks.notification_channel import NotificationChannel
from blueprint.mission import Mission
from blueprint.records import RunState
from blueprint.requests import Decision
from deployments.local.ports import free_port
from flows.people.replying import Reply, reply
from tests.fakes.chat_sink import ChatSink, chat_sink
from tests.fakes.counter import wait_until
from tests.fakes.everywhere import files, rows
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import ScriptedModel, calls, fails, scripted_model
from tests.fakes.serving import program

_ROOT = Path(__file__).parents[2]
_MARK = uuid4().hex
KEY, VARIABLE, HEADER, CHANNEL = (f"sk-{kind}-{_MARK}" for kind in ("model", "variable", "header", "channel"))
SECRETS = (KEY, VARIABLE, HEADER, CHANNEL)
FINDING = {"title": "It talks", "severity": "warning", "detail": f"It said {VARIABLE}", "evidence": ["c00001000"]}
TURNS = [
    calls(("leaky__tell", {}), ("far__tell", {}), ("leaky__fail", {}), ("far__fail", {}), text=f"I ask with {KEY}."),
    calls(("leaky__change", {"text": "one"}), text="I change it."),
    calls(("conclude", {"summary": f"All seen with {HEADER}.", "findings": [FINDING]})),
]
"""A run in which everybody gives away what they can: three secrets in the model's own words too."""


async def test_no_secret_of_any_block_is_seen_anywhere_after_runs_that_gave_them_all_away(installation: Installation) -> None:
    refusal = fails(403, {"error": {"message": f"no such thing for key {KEY} and {VARIABLE}"}})
    async with scripted_model([*TURNS, refusal], key=KEY) as model, _far_server() as port, chat_sink(_tell_tale) as chat:
        mission = await installation.launch(task(), employee=await _entrusted(installation, model, port, chat))
        done = await _approved_run(installation, mission)
        failed = await installation.ended(await installation.start(mission))
        assert (done, failed.state) == (RunState.SUCCESS, RunState.FAILED)
        assert "•••" in failed.reason
        said = json.dumps(model.requests, ensure_ascii=False)
        await wait_until(lambda: bool(chat.posted))
        assert await _seen(installation, mission) == []
        assert not any(secret in posted.raw.decode() for posted in chat.posted for secret in SECRETS)
        await installation.command("channel", "remove", mission.employee)
    assert '\\"LEAKY_TOKEN\\": \\"•••\\"' in said, "the model reads marks in place of secrets"
    assert not any(secret in said for secret in SECRETS)


async def _approved_run(installation: Installation, mission: Mission) -> RunState:
    run_id = await installation.start(mission)
    await installation.asked(run_id)
    async with installation.store() as store:
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
    return (await installation.ended(run_id)).state


def _tell_tale() -> Response:
    """What a careless receiver says of a message that it does not take."""
    return PlainTextResponse(f"not with {CHANNEL}", status_code=403)


async def _entrusted(installation: Installation, model: ScriptedModel, port: int, chat: ChatSink) -> str:
    """An employee whose every connection holds a secret."""
    name = f"trusted-{uuid4().hex[:8]}"
    command = ("-m", "tests.fakes.leaky_server")
    with installation.chosen():
        await ModelEndpoint(base_url=model.url, model="scripted", api_key=SecretStr(KEY), max_retries=1).asave(name)
        await McpServer(
            command=sys.executable,
            arguments=list(command),
            directory=str(_ROOT),
            environment=SecretDict({"LEAKY_TOKEN": VARIABLE}),
        ).asave("leaky", overwrite=True)
        await McpServer(
            transport="http",
            url=f"http://127.0.0.1:{port}/mcp",
            headers=SecretDict({"Authorization": f"Bearer {HEADER}"}),
        ).asave("far", overwrite=True)
        address = SecretStr(f"{chat.url}/hook?key={CHANNEL}")
        await NotificationChannel(kind="webhook", url=address, signing_key=SecretStr(CHANNEL)).asave(name)
        await DigitalEmployee(title=name, role="You test.", model=name, servers=["leaky", "far"]).asave(name)
    return name


@asynccontextmanager
async def _far_server() -> AsyncGenerator[int]:
    port = free_port()
    async with program("-m", "tests.fakes.leaky_server", "--http", str(port), port=port):
        yield port


async def _seen(installation: Installation, mission: Mission) -> list[str]:
    """Each place that holds a secret, with the words around it."""
    places = {
        **await rows(installation),
        **await _prefect_api(installation),
        **await _commands(installation, mission),
        **files(installation.home),
    }
    assert any(place.endswith(f"logs/tools/{mission.id}/leaky.log") for place in places)
    return [f"{place}: …{words}…" for place, content in places.items() for words in _around(content)]


def _around(content: str) -> Iterable[str]:
    return re.findall(rf".{{0,60}}sk-\w+-{_MARK}", content)[:3]


async def _prefect_api(installation: Installation) -> dict[str, str]:
    """What Prefect's API gives away: block documents, also through the forms of the UI, runs, logs and artifacts."""
    wanted: dict[str, Any] = {
        "block_documents/filter": {"include_secrets": False, "limit": 200},
        "flow_runs/filter": {"limit": 200, "sort": "START_TIME_DESC"},
        "task_runs/filter": {"limit": 200, "sort": "EXPECTED_START_TIME_DESC"},
        "logs/filter": {"limit": 200, "sort": "TIMESTAMP_DESC"},
        "artifacts/filter": {"limit": 200, "sort": "CREATED_DESC"},
    }
    async with httpx.AsyncClient(base_url=f"{installation.addresses.api_url}/", trust_env=False) as client:
        answers = {path: await client.post(path, json=body) for path, body in wanted.items()}
    assert {answer.status_code for answer in answers.values()} == {200}, {path: one.text for path, one in answers.items()}
    assert "********" in answers["block_documents/filter"].text
    return {f"API {path}": json.dumps(answer.json(), ensure_ascii=False) for path, answer in answers.items()}


async def _commands(installation: Installation, mission: Mission) -> dict[str, str]:
    """What people and programs read from the command."""
    async with installation.store() as store:
        runs = [run.id for run in await store.runs.list(mission.id)]
    asked = [
        *[(name, run) for name in ("report", "watch") for run in runs],
        *[(name, mission.id) for name in ("show", "runs")],
        *[("inbox",), ("model", "list"), ("tools", "list"), ("tools", "test", "leaky"), ("tools", "test", "far")],
        *[("channel", "list")],
    ]
    outcomes = await asyncio.gather(*[installation.command(*words, "--json") for words in asked])
    assert [(words, one.stderr) for words, one in zip(asked, outcomes, strict=True) if not one.stdout] == []
    return {f"missions {' '.join(words)}": one.stdout + one.stderr for words, one in zip(asked, outcomes, strict=True)}

"""The rehearsal model as others see it: an OpenAI-compatible server."""

import json
import sys
from asyncio import create_subprocess_exec, timeout
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from agent.builtin.rehearsal.app import create_app
from tests.fakes.serving import serving

TOOL = {"type": "function", "function": {"name": "host__memory", "description": "Memory.", "parameters": {"type": "object"}}}
ASKED: dict[str, Any] = {
    "model": "rehearsal",
    "messages": [{"role": "user", "content": "Check the memory \udcff."}],
    "tools": [TOOL],
}


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(create_app()) as address, httpx2.AsyncClient(base_url=address, trust_env=False) as client:
        yield client


async def _post(client: httpx2.AsyncClient, body: object) -> httpx2.Response:
    return await client.post("/v1/chat/completions", content=json.dumps(body))


async def test_it_lists_its_models_and_its_health(client: httpx2.AsyncClient) -> None:
    assert [model["id"] for model in (await client.get("/v1/models")).json()["data"]] == ["rehearsal", "rehearsal-slow"]
    assert (await client.get("/health")).json() == {"status": "ok"}


async def test_equal_requests_get_equal_answers_with_reasoning_a_call_and_usage(client: httpx2.AsyncClient) -> None:
    first, second = [(await _post(client, ASKED)).json() for _ in range(2)]
    message = first["choices"][0]["message"]
    assert first["choices"] == second["choices"]
    assert message["tool_calls"][0]["function"] == {"name": "host__memory", "arguments": "{}"}
    assert message["content"].startswith("Next I look at memory")
    assert message["reasoning_content"]
    assert first["choices"][0]["finish_reason"] == "tool_calls"
    assert first["usage"]["total_tokens"] == first["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"] > 2


async def test_a_stream_says_the_same_in_pieces_and_ends_with_the_usage(client: httpx2.AsyncClient) -> None:
    whole = (await _post(client, ASKED)).json()
    streamed = await _post(client, {**ASKED, "stream": True, "stream_options": {"include_usage": True}})
    *events, last = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
    chunks = [json.loads(event) for event in events]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    message = whole["choices"][0]["message"]
    assert "".join(delta.get("content", "") for delta in deltas) == message["content"]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == message["reasoning_content"]
    assert calls[0]["id"] == message["tool_calls"][0]["id"]
    assert "".join(call["function"]["arguments"] for call in calls) == "{}"
    assert (chunks[-1]["usage"], last) == (whole["usage"], "[DONE]")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "gpt-9", "messages": []}, 404, "available: rehearsal, rehearsal-slow"),
        ({"model": "rehearsal", "messages": []}, 400, "no messages"),
        ([], 404, "no model None"),
        (
            {**ASKED, "response_format": {"type": "json_schema", "json_schema": {"name": "Poem"}}},
            400,
            "can't write 'Poem'; it knows 'Alignment', 'Blueprint', 'Understood'",
        ),
        (
            {**ASKED, "response_format": {"type": "json_schema", "json_schema": {"name": "Blueprint"}}},
            400,
            "No message holds the material",
        ),
    ],
)
async def test_what_it_cannot_answer_is_refused_in_a_sentence(
    client: httpx2.AsyncClient, body: object, status: int, words: str
) -> None:
    response = await _post(client, body)
    assert response.status_code == status
    assert words in response.json()["error"]["message"]


async def test_a_body_that_is_no_json_is_refused(client: httpx2.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", content="{")
    assert response.status_code == 400
    assert "no JSON" in response.json()["error"]["message"]


async def test_without_tools_it_says_what_it_is(client: httpx2.AsyncClient) -> None:
    answer = (await _post(client, {"model": "rehearsal", "messages": [{"role": "user", "content": "Hi"}]})).json()
    assert "no language model" in answer["choices"][0]["message"]["content"]


async def test_it_runs_as_a_process_of_its_own_and_needs_a_port() -> None:
    process = await create_subprocess_exec(sys.executable, "-m", "agent.builtin.rehearsal", stderr=-1)
    async with timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"--port" in errors

"""The model behind an endpoint: what it sends, when it tries again, and what it says when it can't."""

import asyncio
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from agent.model.failures import seconds_to_wait
from agent.model.model import ToolDeclaration
from agent.model.openai_model import OpenAIModel
from blueprint.errors import InvalidInput, ModelUnavailable
from tests.agent.model.conftest import KEY, Connect, Pauses
from tests.fakes.model_server import ScriptedModel, Turn, calls, fails, raw, says, waits

QUESTION = [{"role": "user", "content": "How is the load?"}]
TOOL = ToolDeclaration(
    name="host__load",
    description="Load.",
    parameters={"$schema": "x", "title": "Load", "properties": {"minutes": {"type": "integer", "title": "M", "minimum": 1}}},
)


def problem(message: str, **fields: str) -> dict[str, Any]:
    return {"error": {"message": message} | fields}


async def test_request_carries_messages_tools_limits_and_extra_body(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(calls(("host__load", {"minutes": 5})))
    async with OpenAIModel(connect(extra_body={"enable_thinking": False}, max_output_tokens=99)) as model:
        reply = await model.reply([{"role": "assistant", "content": None, "reasoning": "hm"}, *QUESTION], [TOOL])
    assert [(call.name, call.arguments) for call in reply.calls] == [("host__load", '{"minutes": 5}')]
    assert server.requests == [
        {
            "model": "scripted",
            "messages": [{"role": "assistant", "content": None, "reasoning": "hm"}, *QUESTION],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 99,
            "enable_thinking": False,
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "host__load",
                        "description": "Load.",
                        "parameters": {"type": "object", "properties": {"minutes": {"type": "integer", "minimum": 1}}},
                    },
                }
            ],
        }
    ]


async def test_cost_is_reckoned_from_the_price_of_the_endpoint(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(says("fine"))
    async with OpenAIModel(connect(price_per_million_input=3, price_per_million_output=15)) as model:
        usage = (await model.reply(QUESTION)).usage
    assert usage.cost == pytest.approx((100 * 3 + 10 * 15) / 1_000_000)


async def test_answers_that_could_not_be_used_are_counted_with_the_one_that_could(
    server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    empty = b'data: {"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 7, "completion_tokens": 1}}\n\n'
    server.turns.extend([raw(empty), says("fine")])
    async with OpenAIModel(connect(price_per_million_input=10), pause=pauses) as model:
        usage = (await model.reply(QUESTION)).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cost) == (107, 11, pytest.approx(107 * 10 / 1_000_000))


async def test_where_the_endpoint_counts_nothing_usage_is_estimated_and_priced(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(raw(b'data: {"choices": [{"delta": {"content": "It is fine."}, "finish_reason": "stop"}]}\n\n'))
    async with OpenAIModel(connect(price_per_million_input=1_000_000)) as model:
        usage = (await model.reply(QUESTION)).usage
    assert usage.is_estimated
    assert usage.input_tokens > 20
    assert usage.output_tokens > 2
    assert usage.cost == pytest.approx(usage.input_tokens)


async def test_lone_surrogates_in_a_tool_result_do_not_stop_the_request(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(says("fine"))
    async with OpenAIModel(connect()) as model:
        await model.reply([{"role": "tool", "tool_call_id": "c00001000", "content": "name\udcff.log"}])
    assert server.requests[0]["messages"][0]["content"] == "name\ufffd.log"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_transient_status_is_tried_again_with_growing_pauses(
    status: int, server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    server.turns.extend([fails(status), fails(status), says("fine")])
    async with OpenAIModel(connect(), pause=pauses) as model:
        assert (await model.reply(QUESTION)).text == "fine"
    first, second = pauses
    assert 0.25 <= first <= 0.5 <= second <= 1


@pytest.mark.parametrize(
    ("turn", "words", "advice"),
    [
        (
            fails(401, problem(f"Incorrect API key: {KEY}")),
            r"refused the API key \(status 401: Incorrect API key: \*\*\*\)",
            "API key",
        ),
        (fails(403, "<html>no</html>"), r"refused the API key \(status 403: a web page\)", "API key"),
        (fails(404, problem("no model 'scripted'")), r"is not known there \(status 404: no model 'scripted'\)", "model's name"),
        (fails(400, {"code": "Bad", "message": "no"}), r"refused the request \(status 400: no \[Bad\]\)", "extra body"),
        (fails(422, {"detail": [{"loc": ["body"], "msg": "no"}]}), r"refused the request \(status 422: .*no", "extra body"),
        (fails(400, problem("too long", code="context_length_exceeded")), "longer than its context window", "context limit"),
        (fails(400, {"error": "the request exceeds the available context size"}), "longer than its context", "context limit"),
        (fails(413, "Payload Too Large"), "longer than its context window", "context limit"),
        (fails(402, problem("pay")), "no quota left", "billing"),
        (fails(429, problem("You exceeded your current quota", code="insufficient_quota")), "no quota left", "billing"),
        (fails(307, "", {"location": "https://x/v1"}), r"is at another address \(status 307: https://x/v1\)", "base URL"),
        (fails(503, headers={"x-should-retry": "false"}), "is in trouble", "endpoint runs"),
        (fails(429, headers={"retry-after": "3600"}), "asks to wait 3600 s", "rate limit"),
    ],
)
async def test_lasting_refusal_is_not_tried_again_and_says_what_to_do(
    turn: Turn, words: str, advice: str, server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    server.turns.append(turn)
    async with OpenAIModel(connect(), pause=pauses) as model:
        with pytest.raises(ModelUnavailable, match=words) as caught:
            await model.reply(QUESTION)
    sentence = str(caught.value)
    assert model.label in sentence
    assert advice in sentence
    assert "'gateway'" in sentence
    assert KEY not in sentence
    assert (len(server.requests), pauses) == (1, [])


async def test_call_that_the_endpoint_could_not_parse_is_tried_again(
    server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    server.turns.extend([fails(400, problem("bad call", code="tool_use_failed")), says("fine")])
    async with OpenAIModel(connect(), pause=pauses) as model:
        assert (await model.reply(QUESTION, [TOOL])).text == "fine"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:20 GMT"}, 20),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "1.2.3"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float) -> None:
    assert seconds_to_wait(headers, datetime(2026, 11, 21, 10, 0, tzinfo=UTC)) == seconds


async def test_pause_is_what_the_endpoint_asks_for(server: ScriptedModel, connect: Connect, pauses: Pauses) -> None:
    server.turns.extend([fails(429, headers={"retry-after": "21"}), says("fine")])
    async with OpenAIModel(connect(), pause=pauses) as model:
        await model.reply(QUESTION)
    assert pauses == [21]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"idle_timeout_seconds": 0.1}, "sent nothing for 0.1 s in 2 tries"),
        ({"request_timeout_seconds": 0.1}, "did not finish its answer within 0.1 s in 2 tries"),
    ],
)
async def test_silence_ends_at_the_deadline(
    settings: dict[str, float], words: str, server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    server.turns.extend([waits(30, says("late"))] * 2)
    async with OpenAIModel(connect(max_retries=1, **settings), pause=pauses) as model:
        with pytest.raises(ModelUnavailable, match=words):
            await model.reply(QUESTION)


async def test_cancelling_ends_the_request_at_once(server: ScriptedModel, connect: Connect, pauses: Pauses) -> None:
    server.turns.append(waits(30, says("late")))
    async with OpenAIModel(connect(), pause=pauses) as model:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(model.reply(QUESTION), 0.3)
    assert pauses == []


async def test_endpoint_that_does_not_run_is_named(connect: Connect, pauses: Pauses) -> None:
    async with OpenAIModel(connect(base_url="http://user:pw@127.0.0.1:9/v1"), pause=pauses) as model:
        with pytest.raises(ModelUnavailable, match=r"^The model scripted at 127.0.0.1:9 can't be reached \(") as caught:
            await model.reply(QUESTION)
    assert "pw" not in str(caught.value)
    assert len(pauses) == 2


async def test_key_stays_out_of_the_log_and_its_pasted_blanks_out_of_the_header(
    server: ScriptedModel, connect: Connect, pauses: Pauses, caplog: pytest.LogCaptureFixture
) -> None:
    server.turns.extend([fails(500, problem(f"database of {KEY}")), says("fine")])
    with caplog.at_level(logging.DEBUG):
        async with OpenAIModel(connect(api_key=SecretStr(f" {KEY}\n")), pause=pauses) as model:
            await model.reply(QUESTION)
    assert "database of ***" in caplog.text
    assert KEY not in caplog.text


async def test_traceback_of_a_failure_does_not_show_the_key(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(fails(400, problem("x" * 290 + KEY)))
    async with OpenAIModel(connect()) as model:
        with pytest.raises(ModelUnavailable) as caught:
            await model.reply(QUESTION)
    shown = "".join(traceback.format_exception(caught.value))
    assert "refused the request" in shown
    assert KEY[:6] not in shown


async def test_environment_of_another_endpoint_does_not_reach_this_one(
    server: ScriptedModel, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-other")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.turns.append(says("fine"))
    async with OpenAIModel(connect()) as model:
        await model.reply(QUESTION)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert not any("other" in value for value in server.headers[0].values())


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8080/v1", "", "ftp://host/v1", "http://", "http://host:99999/v1", "http://[::1/v1"]
)
def test_address_that_is_none_is_refused_at_once(base_url: str, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=r"'gateway' has the base URL .* is no HTTP address; write for example"):
        OpenAIModel(connect(base_url=base_url))


@pytest.mark.parametrize("key", ["sk-\u2026", "sk-a\nb"])
def test_key_that_no_header_can_hold_is_refused_and_not_shown(key: str, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match="API key of model endpoint 'gateway'") as caught:
        OpenAIModel(connect(api_key=SecretStr(key)))
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "label"),
    [
        ("http://user:pw@127.0.0.1:4210/v1", "scripted at 127.0.0.1:4210"),
        ("https://api.example.com/v1", "scripted at api.example.com"),
        ("http://[::1]:8080/v1", "scripted at [::1]:8080"),
    ],
)
async def test_label_holds_model_and_host_only(base_url: str, label: str, connect: Connect) -> None:
    async with OpenAIModel(connect(base_url=base_url)) as model:
        assert model.label == label


async def test_tools_that_are_refused_are_sent_simplified_from_then_on(server: ScriptedModel, connect: Connect) -> None:
    server.turns.extend([fails(400, problem("can't make a grammar")), says("one"), says("two")])
    async with OpenAIModel(connect()) as model:
        assert [(await model.reply(QUESTION, [TOOL])).text for _ in range(2)] == ["one", "two"]
    minutes = [request["tools"][0]["function"]["parameters"]["properties"]["minutes"] for request in server.requests]
    assert minutes == [{"type": "integer", "minimum": 1}, {"type": "integer"}, {"type": "integer"}]


async def test_options_that_are_refused_by_name_are_given_up(server: ScriptedModel, connect: Connect) -> None:
    server.turns.extend(
        [
            fails(400, problem("'max_tokens' is not supported. Use 'max_completion_tokens' instead.")),
            fails(422, {"detail": "stream_options: extra fields not permitted"}),
            says("fine"),
        ]
    )
    async with OpenAIModel(connect(max_output_tokens=99)) as model:
        assert (await model.reply(QUESTION)).text == "fine"
    assert server.requests[-1] == {"model": "scripted", "messages": QUESTION, "stream": True, "max_completion_tokens": 99}


async def test_an_endpoint_that_takes_no_user_after_a_tool_gets_an_answer_between_them(
    server: ScriptedModel, connect: Connect
) -> None:
    server.turns.extend([fails(400, {"detail": "Unexpected role 'user' after role 'tool'"}), says("fine"), says("fine")])
    messages = [*QUESTION, {"role": "tool", "content": "0.2"}, {"role": "user", "content": "You go in circles."}]
    async with OpenAIModel(connect()) as model:
        for _ in range(2):
            await model.reply(messages)
    sent = [[message["role"] for message in request["messages"]] for request in server.requests]
    assert sent == [["user", "tool", "user"], *[["user", "tool", "assistant", "user"]] * 2]


async def test_concession_that_does_not_help_is_not_kept(server: ScriptedModel, connect: Connect) -> None:
    server.turns.extend([fails(400), fails(400), says("fine")])
    async with OpenAIModel(connect()) as model:
        with pytest.raises(ModelUnavailable, match="refused the request"):
            await model.reply(QUESTION, [TOOL])
        await model.reply(QUESTION, [TOOL])
    assert server.requests[2] == server.requests[0]

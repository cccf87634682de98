"""Values from any endpoint: the ladder of formats, what is remembered, and what goes back to the caller."""

import json
from typing import Any

import pytest
from pydantic import Field, ValidationError

from agent.model.openai_model import OpenAIModel
from agent.model.structured import json_in
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage
from blueprint.values import Value
from tests.agent.model.conftest import Connect, Pauses
from tests.fakes.model_server import ScriptedModel, answers, cut_after, fails, raw, says

QUESTION = [{"role": "system", "content": "You plan."}, {"role": "user", "content": "Plan it."}]


class Plan(Value):
    title: str = Field(max_length=20)
    days: int = 7


PLAN = {"title": "Look", "days": 2}
REFUSED = fails(400, {"error": {"message": "This response_format type is unavailable now"}})


def way(request: dict[str, Any]) -> str:
    """The rung of the ladder that a request stands on."""
    if "tool_choice" in request:
        return "tool"
    return request.get("response_format", {"type": "plain"})["type"]


async def test_schema_is_asked_for_strictly_at_first(server: ScriptedModel, connect: Connect) -> None:
    server.turns.append(answers(PLAN))
    async with OpenAIModel(connect()) as model:
        assert await model.structured(QUESTION, Plan) == (Plan(title="Look", days=2), Usage(input_tokens=100, output_tokens=10))
    assert server.requests[0]["messages"] == QUESTION
    assert server.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "Plan",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "days": {"type": "integer", "description": "Default: 7."}},
                "required": ["title", "days"],
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize("steps", [1, 2, 3])
async def test_endpoint_that_refuses_a_format_is_asked_in_the_next_way_and_that_is_remembered(
    steps: int, server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    # A refused forced call is sent once more with a simpler schema.
    refusals = steps if steps < 3 else 4
    server.turns.extend([*[REFUSED] * refusals, answers(PLAN), answers(PLAN)])
    async with OpenAIModel(connect(), pause=pauses) as model:
        assert (await model.structured(QUESTION, Plan))[0] == Plan(title="Look", days=2)
        assert (await model.structured(QUESTION, Plan))[0] == Plan(title="Look", days=2)
    taken = list(dict.fromkeys(map(way, server.requests)))
    assert taken == ["json_schema", "json_object", "tool", "plain"][: steps + 1]
    assert len(server.requests) == refusals + 2
    assert pauses == []


@pytest.mark.parametrize("status", [404, 422, 500, 501])
async def test_other_statuses_for_an_unknown_format_step_down_too(
    status: int, server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    message = "No endpoints found that support response_format"
    server.turns.extend([fails(status, {"error": {"message": message}}), answers(PLAN)])
    async with OpenAIModel(connect(), pause=pauses) as model:
        await model.structured(QUESTION, Plan)
    assert ([way(request) for request in server.requests], pauses) == (["json_schema", "json_object"], [])


async def test_schema_stands_in_the_one_system_message_where_the_format_does_not_carry_it(
    server: ScriptedModel, connect: Connect
) -> None:
    server.turns.extend([REFUSED, answers(PLAN)])
    async with OpenAIModel(connect()) as model:
        await model.structured(QUESTION, Plan)
    system, user = server.requests[1]["messages"]
    assert system["content"].startswith("You plan.\n\nAnswer with one JSON object")
    assert '"maxLength": 20' in system["content"]
    assert user == QUESTION[1]


async def test_endpoint_that_ignores_the_format_is_asked_in_the_next_way_and_both_are_counted(
    server: ScriptedModel, connect: Connect
) -> None:
    server.turns.extend([says("Sure, I will plan it!"), answers(PLAN)])
    async with OpenAIModel(connect()) as model:
        _, usage = await model.structured(QUESTION, Plan)
    assert [way(request) for request in server.requests] == ["json_schema", "json_object"]
    assert usage == Usage(input_tokens=200, output_tokens=20)


async def test_value_that_does_not_fit_goes_to_the_caller_and_the_way_is_kept(server: ScriptedModel, connect: Connect) -> None:
    server.turns.extend([REFUSED, answers({"title": "x" * 21, "weeks": 1}), answers(PLAN)])
    async with OpenAIModel(connect()) as model:
        with pytest.raises(ValidationError) as caught:
            await model.structured(QUESTION, Plan)
        await model.structured(QUESTION, Plan)
    assert {problem["loc"] for problem in caught.value.errors()} == {("title",), ("weeks",)}
    assert [way(request) for request in server.requests] == ["json_schema", "json_object", "json_object"]


async def test_json_that_was_cut_at_the_token_limit_goes_to_the_caller(server: ScriptedModel, connect: Connect) -> None:
    chunk = {"choices": [{"delta": {"content": '{"title": "Lo'}, "finish_reason": "length"}]}
    server.turns.append(raw(f"data: {json.dumps(chunk)}\n\n".encode()))
    async with OpenAIModel(connect()) as model:
        with pytest.raises(ValidationError, match="EOF while parsing"):
            await model.structured(QUESTION, Plan)
    assert len(server.requests) == 1


async def test_words_instead_of_json_on_the_last_rung_go_to_the_caller(server: ScriptedModel, connect: Connect) -> None:
    server.turns.extend([says("I can't do that.")] * 4)
    async with OpenAIModel(connect()) as model:
        with pytest.raises(ValidationError, match="Invalid JSON"):
            await model.structured(QUESTION, Plan)


async def test_wrong_key_and_outage_are_not_taken_for_a_refused_format(
    server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    server.turns.extend([fails(401), *[fails(503)] * 3, cut_after(1, answers(PLAN)), answers(PLAN)])
    async with OpenAIModel(connect(), pause=pauses) as model:
        with pytest.raises(ModelUnavailable, match="refused the API key"):
            await model.structured(QUESTION, Plan)
        with pytest.raises(ModelUnavailable, match="is in trouble"):
            await model.structured(QUESTION, Plan)
        assert (await model.structured(QUESTION, Plan))[0] == Plan(title="Look", days=2)
    assert set(map(way, server.requests)) == {"json_schema"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "```"}', '{"a": "```"}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('Here you are:\n```\n{"a": 1}\n```\nHope it helps {a}.', '{"a": 1}'),
        ('<think>maybe {"a": 0}</think>\n{"a": 1}', '{"a": 1}'),
        ('The answer is {"a": {"b": "}"}}. Good luck!', '{"a": {"b": "}"}}'),
        ('{"a": 1}\n\nDone.', '{"a": 1}'),
    ],
)
def test_json_is_found_among_fences_thoughts_and_words(text: str, found: str) -> None:
    assert json_in(text) == found


@pytest.mark.parametrize(("text", "kept"), [("no", "no"), ('x {"a": {"b": 1}, "c', '{"a": {"b": 1}, "c'), ("", "")])
def test_broken_json_is_left_for_validation_to_name(text: str, kept: str) -> None:
    assert json_in(text) == kept

"""The regression table: each way in which real endpoints bend the protocol gives the same text and calls, or a named error."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.model.model import Reply, WireCall
from agent.model.openai_model import OpenAIModel
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage
from tests.agent.model.conftest import Connect, Pauses
from tests.fakes.model_server import ScriptedModel, Turn, cut_after, fails, raw, says

AnswerTo = Callable[..., Awaitable[Reply]]

LOAD = WireCall(name="host__load", arguments='{"minutes": 5}')
DISK = WireCall(name="host__disk", arguments="{}")


def stream(*chunks: dict[str, Any] | str, end: bytes = b"data: [DONE]\n\n") -> Turn:
    """An event stream of these chunks."""
    events = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return raw("".join(f"data: {event}\n\n" for event in events).encode() + end)


def delta(_finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": _finish}]}


def piece(arguments: Any = None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """One tool call delta."""
    function = ({"name": name} if name else {}) | ({"arguments": arguments} if arguments is not None else {})
    return fields | {"function": function}


def tools(*pieces: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return delta(finish, tool_calls=list(pieces))


STOP, TOOLS_STOP = delta("stop"), delta("tool_calls")
HALVES = ('{"minu', 'tes": 5}')

CALLS: dict[str, tuple[Turn, tuple[WireCall, ...]]] = {
    "as_documented": (
        stream(
            tools(piece("", "host__load", index=0, id="a")),
            tools(piece(HALVES[0], index=0)),
            tools(piece(HALVES[1], index=0)),
            TOOLS_STOP,
        ),
        (LOAD,),
    ),
    "no_index": (stream(tools(piece(HALVES[0], "host__load", id="a")), tools(piece(HALVES[1])), TOOLS_STOP), (LOAD,)),
    "no_index_and_no_ids_in_one_chunk": (
        stream(tools(piece(LOAD.arguments, "host__load"), piece("{}", "host__disk")), STOP),
        (LOAD, DISK),
    ),
    "no_index_same_function_twice": (
        stream(tools(piece(LOAD.arguments, "host__load", id=""), piece(LOAD.arguments, "host__load", id="")), STOP),
        (LOAD, LOAD),
    ),
    "no_index_calls_in_chunks_of_their_own": (
        stream(tools(piece("", "host__disk", id="a")), tools(piece(LOAD.arguments, "host__load", id="b")), STOP),
        (DISK, LOAD),
    ),
    "all_calls_have_index_0": (
        stream(
            tools(piece(LOAD.arguments, "host__load", index=0, id="a")),
            tools(piece("{}", "host__disk", index=0, id="b")),
            TOOLS_STOP,
        ),
        (LOAD, DISK),
    ),
    "all_calls_have_index_0_and_no_id": (
        stream(
            tools(piece(LOAD.arguments, "host__load", index=0)),
            tools(piece(LOAD.arguments, "host__load", index=0)),
            TOOLS_STOP,
        ),
        (LOAD, LOAD),
    ),
    "id_and_name_repeated_in_each_delta": (
        stream(
            tools(piece(HALVES[0], "host__load", index=0, id="a")),
            tools(piece(HALVES[1], "host__load", index=0, id="a")),
            tools(piece("", "host__load", index=0, id="a")),
            TOOLS_STOP,
        ),
        (LOAD,),
    ),
    "whole_call_sent_twice": (
        stream(
            tools(piece(LOAD.arguments, "host__load", index=0, id="a")),
            tools(piece(LOAD.arguments, "host__load", index=0, id="a")),
            TOOLS_STOP,
        ),
        (LOAD,),
    ),
    "two_calls_with_one_id": (
        stream(
            tools(piece(LOAD.arguments, "host__load", index=0, id="call")),
            tools(piece("{}", "host__disk", index=1, id="call")),
            TOOLS_STOP,
        ),
        (LOAD, DISK),
    ),
    "pieces_of_parallel_calls_interleaved": (
        stream(
            tools(piece(HALVES[0], "host__load", index=0, id="a"), piece("{", "host__disk", index=1, id="b")),
            tools(piece("}", index=1), piece(HALVES[1], index=0)),
            TOOLS_STOP,
        ),
        (LOAD, DISK),
    ),
    "arguments_as_object": (stream(tools(piece({"minutes": 5}, "host__load", index=0)), TOOLS_STOP), (LOAD,)),
    "arguments_null": (stream(tools({"index": 0, "function": {"name": "host__disk", "arguments": None}}), TOOLS_STOP), (DISK,)),
    "arguments_empty": (stream(tools(piece("", "host__disk", index=0)), TOOLS_STOP), (DISK,)),
    "finish_stop_with_calls": (stream(tools(piece("{}", "host__disk", index=0)), STOP), (DISK,)),
    "function_null_and_call_null": (
        stream(
            tools(piece("{}", "host__disk", index=0)),
            delta(tool_calls=[{"index": 0, "function": None}]),
            delta(tool_calls=[None]),
            TOOLS_STOP,
        ),
        (DISK,),
    ),
    "one_call_as_an_object_instead_of_a_list": (stream(delta(tool_calls=piece("{}", "host__disk")), TOOLS_STOP), (DISK,)),
    "no_finish_reason_and_a_call_cut_in_the_middle": (
        stream(tools(piece("{}", "host__disk", index=0)), tools(piece('{"minu', "host__load", index=1)), end=b""),
        (DISK,),
    ),
    "length_and_a_call_cut_in_the_middle": (
        stream(tools(piece("{}", "host__disk", index=0)), tools(piece('{"minu', "host__load", index=1), finish="length")),
        (DISK,),
    ),
    "invalid_arguments_of_a_whole_answer_are_kept": (
        stream(tools(piece("{minutes: 5}", "host__load", index=0)), TOOLS_STOP),
        (WireCall(name="host__load", arguments="{minutes: 5}"),),
    ),
    "signature_in_a_delta_of_its_own": (
        stream(
            tools(piece("{}", "host__disk", id="a")),
            tools({"id": "a", "extra_content": {"google": {"thought_signature": "s1"}}}),
            STOP,
        ),
        (WireCall(name="host__disk", arguments="{}", extra={"extra_content": {"google": {"thought_signature": "s1"}}}),),
    ),
    "whole_completion_where_a_stream_was_asked": (
        raw(
            json.dumps({"choices": [{"message": {"tool_calls": [piece("{}", "host__disk", id="a")]}}]}).encode(),
            "application/json",
        ),
        (DISK,),
    ),
}


@pytest.mark.parametrize("quirk", CALLS)
async def test_calls_come_out_whole_and_apart(quirk: str, answer_to: AnswerTo, pauses: Pauses) -> None:
    turn, expected = CALLS[quirk]
    reply = await answer_to(turn)
    assert reply.calls == expected
    assert pauses == []


TEXT = "Load is 0.5\u2028fine."

TEXTS: dict[str, Turn] = {
    "as_documented": stream(delta(role="assistant"), delta(content="Load is 0.5"), delta(content="\u2028fine."), STOP),
    "raw_line_separator_in_json": raw(
        f'data: {{"choices":[{{"delta":{{"content":"{TEXT}"}},"finish_reason":"stop"}}]}}\n\n'.encode()
    ),
    "null_delta_null_choices_no_choices": stream(
        {"choices": None}, {"choices": []}, {"choices": [{"delta": None}]}, {}, delta(content=TEXT), delta(content=None), STOP
    ),
    "prompt_filter_chunk_first": stream({"choices": [], "prompt_filter_results": [{}]}, delta(content=TEXT), STOP),
    "message_instead_of_delta": stream({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}),
    "content_in_parts": stream(
        delta(content=[{"type": "text", "text": "Load is 0.5"}, {"type": "text", "text": "\u2028fine."}]), STOP
    ),
    "whole_completion_where_a_stream_was_asked": raw(
        json.dumps({"choices": [{"message": {"content": TEXT}}]}, indent=1).encode(), "application/json"
    ),
    "stream_called_plain_text": Turn(body=stream(delta(content=TEXT), STOP).body, media_type="text/plain"),
    "comments_pings_crlf_and_no_space": raw(
        b": PROCESSING\r\n\r\nevent: ping\r\n\r\ndata:\r\n\r\ndata:" + json.dumps(delta(content=TEXT)).encode() + b"\r\n\r\n"
        b"data:" + json.dumps(STOP).encode() + b"\r\n\r\n"
    ),
    "no_done_and_no_last_blank_line": raw(f"data: {json.dumps(delta('stop', content=TEXT))}".encode()),
    "no_finish_reason_but_done": stream(delta(content=TEXT)),
    "finish_reason_empty_then_real": stream(delta("", content=TEXT), STOP, delta("")),
    "error_null_in_each_chunk": stream(delta(content=TEXT) | {"error": None}, STOP | {"error": {}}),
    "refusal_instead_of_content": stream(delta(content=None, refusal=TEXT), STOP),
}


@pytest.mark.parametrize("quirk", TEXTS)
async def test_text_comes_out_the_same(quirk: str, answer_to: AnswerTo, pauses: Pauses) -> None:
    reply = await answer_to(TEXTS[quirk])
    assert (reply.text, reply.calls, reply.is_truncated, pauses) == (TEXT, (), False, [])


ERRORS: dict[str, tuple[Turn, str]] = {
    "error_object_in_200": (
        raw(b'{"error": {"message": "overloaded"}}', "application/json"),
        r"answered with an error \(overloaded\)",
    ),
    "error_string_in_200": (raw(b'{"error": "no slot"}', "application/json"), "no slot"),
    "error_not_wrapped_in_200": (
        raw(b'{"code": "Throttling", "message": "slow down"}', "application/json"),
        r"slow down \[Throttling\]",
    ),
    "error_object_in_the_stream": (stream(delta(content="I "), {"error": {"message": "worker died"}}), "worker died"),
    "error_string_in_the_stream": (stream({"error": "worker died"}), "worker died"),
    "status_in_an_error_in_200": (
        stream({"error": {"code": 429, "message": "too fast"}}),
        r"is rate-limited \(status 429: too fast\)",
    ),
    "web_page": (raw(b"<html>Bad gateway</html>", "text/html"), "a web page instead of JSON"),
    "broken_json": (raw(b'{"choices": [', "application/json"), "no JSON object but '{\"choices\": \\['"),
    "broken_event": (stream("{oops"), "no JSON object but '{oops'"),
    "json_but_no_object": (raw(b"[1, 2]", "application/json"), "no JSON object"),
    "nothing_at_all": (raw(b""), "gave an empty answer"),
    "only_done": (stream(), "gave an empty answer"),
    "empty_stop": (stream(delta(content=""), STOP), r"gave an empty answer \(finish reason 'stop'\)"),
    "withheld_by_a_filter": (
        stream({"choices": [], "prompt_filter_results": [{}]}, delta("content_filter")),
        r"gave an empty answer \(finish reason 'content_filter'\)",
    ),
    "thoughts_and_nothing_else": (stream(delta(reasoning="Hm."), STOP), "gave an empty answer"),
    "only_blanks": (stream(delta(content=" \n"), STOP), "gave an empty answer"),
    "gives_up": (stream(delta("insufficient_system_resource", content="Lo")), "gave up in its answer"),
    "cut_stream": (cut_after(2, says("one\ntwo\nthree")), "broke off its answer"),
}


@pytest.mark.parametrize("quirk", ERRORS)
async def test_failure_inside_a_200_is_tried_again(quirk: str, answer_to: AnswerTo, pauses: Pauses) -> None:
    reply = await answer_to(ERRORS[quirk][0], says("all well"))
    assert (reply.text, len(pauses)) == ("all well", 1)


@pytest.mark.parametrize("quirk", ERRORS)
async def test_failure_inside_a_200_that_stays_is_named(quirk: str, answer_to: AnswerTo) -> None:
    turn, words = ERRORS[quirk]
    with pytest.raises(ModelUnavailable, match=words) as caught:
        await answer_to(turn, turn, turn)
    assert "in 3 tries" in str(caught.value)


async def test_tries_that_failed_in_different_ways_are_all_named(answer_to: AnswerTo) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        await answer_to(fails(500), cut_after(2, says("one\ntwo\nthree")), raw(b"{malformed"))
    assert "did not answer with a chat completion (no JSON object but '{malformed') in the last of 3 tries; before that: " in str(
        caught.value
    )
    assert "is in trouble (status 500: scripted failure 500), broke off its answer (" in str(caught.value)


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
async def test_reasoning_is_kept_with_the_key_that_it_came_under(key: str, answer_to: AnswerTo) -> None:
    turn = stream(delta(**{key: "First "}), delta(**{key: "look."}), delta(content="Done."), STOP)
    reply = await answer_to(turn)
    assert (reply.text, reply.reasoning, reply.reasoning_key) == ("Done.", "First look.", key)


async def test_reasoning_under_both_keys_and_in_parts_is_taken_once(answer_to: AnswerTo) -> None:
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "then decide."}]}
    turn = stream(
        delta(reasoning="Look, ", reasoning_content="Look, "), delta(content=[part, {"type": "text", "text": "Done."}]), STOP
    )
    reply = await answer_to(turn)
    assert (reply.text, reply.reasoning, reply.reasoning_key) == ("Done.", "Look, then decide.", "reasoning_content")


USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
CHUNK_OF_USAGE: dict[str, Any] = {"choices": [], "usage": USAGE}


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param((delta("stop", content="x"), CHUNK_OF_USAGE), id="last"),
        pytest.param((delta("stop", content="x") | {"usage": USAGE},), id="with_choice"),
        pytest.param(
            (
                delta(content="x") | {"usage": {"prompt_tokens": 7, "completion_tokens": 1}},
                STOP | {"usage": USAGE},
                {"usage": {"prompt_tokens": 0, "completion_tokens": None}},
            ),
            id="running_totals_then_zeros",
        ),
        pytest.param(
            (
                {
                    "choices": [
                        {
                            "delta": {"content": "x"},
                            "usage": USAGE,
                            "finish_reason": "stop",
                        }
                    ]
                },
            ),
            id="inside_choice",
        ),
        pytest.param((delta("stop", content="x") | {"x_groq": {"usage": USAGE}},), id="x_groq"),
    ],
)
async def test_usage_is_found_wherever_it_stands(chunks: tuple[dict[str, Any], ...], answer_to: AnswerTo) -> None:
    reply = await answer_to(stream(*chunks))
    assert reply.usage == Usage(input_tokens=7, output_tokens=3, cost=0)


@pytest.mark.parametrize(
    "turn",
    [
        pytest.param(stream(delta("length", content="half a sen")), id="length"),
        pytest.param(stream(delta("model_length", content="half a sen")), id="model_length"),
        pytest.param(stream(delta(content="half a sen"), end=b""), id="no_finish_reason_and_no_end"),
    ],
)
async def test_text_that_was_cut_short_is_marked(turn: Turn, answer_to: AnswerTo) -> None:
    reply = await answer_to(turn)
    assert (reply.text, reply.is_truncated) == ("half a sen", True)


async def test_broken_unicode_from_the_model_becomes_text_that_can_be_stored(answer_to: AnswerTo) -> None:
    turn = stream(delta(content="a\ud83d"), delta(content="\ude00b \udcff \x00"), STOP)
    reply = await answer_to(turn)
    assert reply.text == "a\U0001f600b \ufffd \ufffd"


@pytest.fixture
def answer_to(server: ScriptedModel, connect: Connect, pauses: Pauses) -> AnswerTo:
    async def answer(*turns: Turn) -> Reply:
        server.turns.extend(turns)
        async with OpenAIModel(connect(), pause=pauses) as model:
            return await model.reply([{"role": "user", "content": "How is the load?"}])

    return answer

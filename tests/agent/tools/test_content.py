"""What a tool server sends becomes text that a model, a database and a terminal can take."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mcp.types import CallToolResult

from agent.tools.content import as_text, clean, cut, structured


def _result(**fields: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": [], **fields})


def test_structured_content_is_read_instead_of_its_text_copy() -> None:
    result = _result(content=[{"type": "text", "text": '{"used": 7}'}], structuredContent={"used": 7})
    assert as_text(result) == '{"used": 7}'


def test_a_wrapped_plain_string_is_read_as_it_is() -> None:
    assert as_text(_result(structuredContent={"result": "two\nlines"})) == "two\nlines"


def test_what_is_no_text_is_described_in_one_line() -> None:
    image = {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}
    link = {"type": "resource_link", "uri": "file:///log", "name": "log"}
    blob = {"type": "resource", "resource": {"uri": "file:///core", "blob": "aGVsbG8="}}
    assert as_text(_result(content=[{"type": "text", "text": "see"}, image, link, blob])).splitlines() == [
        "see",
        "[An image, image/png, 5 bytes, not shown.]",
        "[A link to the resource 'log' at file:///log.]",
        "[A file, file:///core, 5 bytes, not shown.]",
    ]


def test_an_empty_result_says_so() -> None:
    assert as_text(_result()) == "(The tool answered without any content.)"


def test_terminal_codes_and_control_characters_are_taken_out() -> None:
    assert clean("\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07tab\there\x00\ud800") == "red\ntab\there��"


def test_structured_content_is_clean_enough_for_a_database() -> None:
    result = _result(structuredContent={"a\x00": ["\ud800", float("nan"), 1.5, None]})
    assert structured(result) == {"a�": ["�", "nan", 1.5, None]}


@given(st.text())
def test_clean_text_can_always_be_stored_and_sent(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\\u0000" not in json.dumps(cleaned)
    assert clean(cleaned) == cleaned


def test_a_long_text_keeps_its_start_and_its_end_and_says_how_much_is_missing() -> None:
    text = cut("start" + "x" * 10_000 + "end", 400)
    assert len(text) <= 400
    assert text.startswith("start")
    assert text.endswith("end")
    assert "9,608 or more of 10,008 characters are left out" in text

"""Bodies are read the same however the network cuts them, and never without bound."""

import pytest

from agent.model.wire import MAX_ANSWER_BYTES, BodyReader, UnreadableAnswer, clean, read_document

STREAM = 'data: {"a": "é\u2028"}\r\n\r\n: note\n\nevent: x\ndata: {\ndata: }\n\ndata:\n\ndata: [DONE]'.encode()
DOCUMENT = b'\n{"a":\n\n  "data: x"}\n'


@pytest.mark.parametrize(
    ("body", "documents"), [(STREAM, ['{"a": "é\u2028"}', "{\n }", "[DONE]"]), (DOCUMENT, ['{"a":\n\n  "data: x"}']), (b"", [])]
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_pieces_of_any_size_give_the_same_documents(body: bytes, documents: list[str], size: int) -> None:
    reader = BodyReader()
    read = [text for start in range(0, len(body), size) for text in reader.feed(body[start : start + size])]
    assert read + reader.end() == documents


def test_answer_without_end_is_given_up_on() -> None:
    reader = BodyReader()
    reader.feed(b"x" * MAX_ANSWER_BYTES)
    with pytest.raises(UnreadableAnswer, match="more than 32 MiB"):
        reader.feed(b"x")


@pytest.mark.parametrize("text", ["[" * 100_000, "nul", '"text"', ""])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAnswer, match="no JSON object but"):
        read_document(text)


def test_every_string_is_cleaned_and_everything_else_kept() -> None:
    assert clean({"a\udcff": ["\x00", 1, None, True, {"b": ("\ud83d\ude00", 1.5)}]}) == {
        "a\ufffd": ["\ufffd", 1, None, True, {"b": ["\U0001f600", 1.5]}]
    }

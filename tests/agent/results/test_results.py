"""Large results: kept whole once, shown in part, read on and searched (R4.4)."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.results.files import ResultFiles
from agent.results.kept import Kept
from agent.results.looking import Looking
from agent.results.pages import find_in, page_of
from agent.tools.toolset import Attachment, ToolListing, ToolResult
from blueprint.policy import ToolCall
from blueprint.stream import Outcome, Returned

CALL = ToolCall(id="c00001000", server="host", tool="logs", arguments={})
LINES = "".join(f"{number:06d} all is well\n" for number in range(5_000))


@dataclass(frozen=True)
class OneAnswer:
    """A toolset that gives one answer."""

    answer: ToolResult

    async def tools(self) -> ToolListing:
        return ToolListing(tools=())

    async def call(self, call: ToolCall) -> ToolResult:
        return self.answer


def _files(home: Path) -> ResultFiles:
    return ResultFiles.of_run(home, "mission-1", "run-1")


async def _kept(home: Path, answer: ToolResult, chars: int = 2_000) -> ToolResult:
    return await Kept(inner=OneAnswer(answer), results=_files(home), view_chars=chars).call(CALL)


def _looking(home: Path) -> Looking:
    return Looking(results=_files(home), view_chars=500)


def _asked(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="c00002000", server="missions", tool=tool, arguments=arguments)


def _returned(result: ToolResult) -> Returned:
    return Returned(call=CALL, outcome=Outcome.DONE, text=result.text, size=result.size, kept=result.kept)


def _all_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_long_result_is_kept_whole_and_seen_in_part(tmp_path: Path) -> None:
    result = await _kept(tmp_path, ToolResult(text=LINES, structured={"lines": 5_000}))
    assert (tmp_path / result.kept).read_text() == LINES
    assert result.kept == "missions/mission-1/results/run-1/c00001000.txt"
    assert (len(result.text) <= 2_000, result.size, result.structured) == (True, len(LINES), None)
    assert (result.text[:6], result.text[-12:]) == ("000000", "all is well\n")
    assert "`read_result` with call 'c00001000' and that position reads on" in result.text


async def test_a_short_result_is_not_kept_twice(tmp_path: Path) -> None:
    answer = ToolResult(text="fine", structured={"load": 1})
    assert await _kept(tmp_path, answer) == ToolResult(text="fine", structured={"load": 1}, size=4)
    assert _all_in(tmp_path) == []


async def test_pictures_and_other_files_are_kept_and_named(tmp_path: Path) -> None:
    picture = Attachment(mime_type="image/png", base64=b64encode(b"\x89PNG").decode())
    odd = Attachment(mime_type="../../x", base64=b64encode(b"odd").decode())
    result = await _kept(tmp_path, ToolResult(text="[An image]", attachments=(picture, odd)))
    assert [Path(place).name for place in result.files] == ["c00001000.png", "c00001000.bin"]
    assert [(tmp_path / place).read_bytes() for place in result.files] == [b"\x89PNG", b"odd"]
    assert result.attachments == ()


async def test_a_result_of_the_same_call_that_comes_again_takes_nothing_away(tmp_path: Path) -> None:
    first = await _kept(tmp_path, ToolResult(text=LINES))
    second = await _kept(tmp_path, ToolResult(text=LINES[::-1]))
    assert ((tmp_path / first.kept).read_text(), Path(second.kept).name) == (LINES, "c00001000-2.txt")


async def test_where_nothing_can_be_kept_the_view_says_so(tmp_path: Path) -> None:
    (tmp_path / "missions").write_text("a file stands where the folder would be")
    result = await _kept(tmp_path, ToolResult(text=LINES))
    assert (result.kept, result.outcome, len(result.text) <= 2_000) == ("", Outcome.DONE, True)
    assert "could not be kept: Not a directory" in result.text


async def test_the_model_reads_a_kept_result_to_its_end_without_a_gap(tmp_path: Path) -> None:
    returned = _returned(await _kept(tmp_path, ToolResult(text=LINES)))
    read, position = "", 0
    while position < len(LINES):
        answer = await _looking(tmp_path).answer(_asked("read_result", call=CALL.id, position=position), [returned])
        first, _, page = answer.text.partition("\n\n")
        assert first.startswith(f"Bytes {position:,} to ")
        read, position = read + page, position + len(page)
    assert read == LINES


async def test_words_are_found_wherever_they_stand_and_whatever_their_case(tmp_path: Path) -> None:
    returned = _returned(await _kept(tmp_path, ToolResult(text=LINES + "Out Of Memory: killed 4711\n" + LINES)))
    answer = await _looking(tmp_path).answer(_asked("search_result", call=CALL.id, words="out of memory"), [returned])
    assert answer.text.startswith(f"'out of memory' was found 1 times from byte 0 on in the result of call {CALL.id}.")
    assert f"At byte {len(LINES)}:" in answer.text
    assert "killed 4711" in answer.text


async def test_many_matches_are_given_ten_at_a_time(tmp_path: Path) -> None:
    returned = _returned(await _kept(tmp_path, ToolResult(text=LINES)))
    answer = await _looking(tmp_path).answer(_asked("search_result", call=CALL.id, words="well"), [returned])
    assert "found 10 times" in answer.text
    assert "search on at position" in answer.text


async def test_a_result_that_is_in_the_journal_is_read_from_there(tmp_path: Path) -> None:
    returned = _returned(ToolResult(text="93 % used", size=9))
    answer = await _looking(tmp_path).answer(_asked("read_result", call=CALL.id), [returned])
    assert answer.text == f"Bytes 0 to 9 of 9 of the result of call {CALL.id}; this is the end.\n\n93 % used"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param({"call": "c00009000"}, "There is no result of a call 'c00009000'; the last ones are: c00001000.", id="call"),
        pytest.param({"call": "c00001000", "position": -1}, "do not fit: position: ", id="position"),
    ],
)
async def test_a_wrong_question_gets_the_reason(tmp_path: Path, arguments: dict[str, Any], told: str) -> None:
    answer = await _looking(tmp_path).answer(_asked("read_result", **arguments), [_returned(ToolResult(text="x"))])
    assert (answer.outcome, told in answer.text) == (Outcome.NOT_DONE, True)


@pytest.mark.parametrize(
    "place",
    ["missions/mission-1/results/run-1/gone.txt", "missions/mission-1/results/run-2/c00001000.txt", "/etc/passwd", ".."],
)
async def test_only_what_this_run_has_kept_is_read(tmp_path: Path, place: str) -> None:
    returned = Returned(call=CALL, outcome=Outcome.DONE, text="part", kept=place)
    answer = await _looking(tmp_path).answer(_asked("read_result", call=CALL.id), [returned])
    assert "can't be read from here" in answer.text


def test_an_id_that_leads_out_of_the_data_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be part of a path"):
        ResultFiles.of_run(tmp_path, "../..", "run-1")


@given(some.text(max_size=300), some.integers(1, 40))
def test_pages_of_any_text_put_together_are_the_text(text: str, length: int) -> None:
    file, position, read = BytesIO(text.encode("utf-8", "replace")), 0, ""
    length = max(length, 4)  # a page holds at least one character
    while (page := page_of(file, position, length)).end > position:
        read, position = read + page.text, page.end
    assert read == text.encode("utf-8", "replace").decode()


@given(some.text(alphabet="abäß€ ", min_size=1, max_size=5), some.text(alphabet="abäß€ ", max_size=200))
def test_every_place_that_is_found_holds_the_words(words: str, text: str) -> None:
    raw = text.encode()
    found = [page.position for page in find_in(BytesIO(raw), words, 0, 1_000)]
    assert all(raw[place:].decode().lower().startswith(words.lower()) for place in found)
    assert bool(found) == (words.lower() in text.lower())

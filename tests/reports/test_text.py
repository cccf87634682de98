"""Untrusted text in Markdown: it stays text."""

import re
from collections.abc import Callable
from time import perf_counter

import pytest

from reports.text import Markdown, bounded, code, code_block, inline, link, prose, unlinked, visible
from tests.reports.hostile import HOSTILE, kinds, tokens

WORDS_ONLY = {"paragraph_open", "inline", "text", "paragraph_close", "code_inline", "softbreak"}
WITH_BLOCKS = {"fence", "hardbreak", "strong_open", "strong_close"} | {
    f"{kind}_{end}" for kind in ("bullet_list", "ordered_list", "list_item") for end in ("open", "close")
}
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
MAKERS: list[Callable[[str], Markdown]] = [inline, prose, code, code_block]


@hostile
def test_a_line_is_words_and_code_only(text: str) -> None:
    assert kinds(f"{inline(text)}") <= WORDS_ONLY
    assert kinds(f"- {inline(text)}\n") <= WORDS_ONLY | WITH_BLOCKS
    assert "\n" not in inline(text)


@hostile
def test_prose_brings_no_tag_picture_or_link(text: str) -> None:
    assert kinds(prose(text)) <= WORDS_ONLY | WITH_BLOCKS


@hostile
def test_a_table_cell_stays_one_cell(text: str) -> None:
    for cell in (inline(text, 200), code(text, 200)):
        found = [token.type for token in tokens(f"| a | b |\n|---|---|\n| {cell} | end |\n")]
        assert found.count("td_open") == 2
        assert not {"html_inline", "html_block", "image", "link_open", "softbreak"} & set(found)


@hostile
def test_a_code_block_holds_all_of_the_text_and_ends_where_it_should(text: str) -> None:
    found = tokens(f"{code_block(text)}\n\nafter")
    assert [token.type for token in found] == ["fence", "paragraph_open", "inline", "text", "paragraph_close"]
    assert found[0].content.rstrip("\n") == visible(text).rstrip("\n").replace("\x00", "\ufffd")


@hostile
def test_an_address_is_never_outside_of_code(text: str) -> None:
    """Prefect's console makes links of bare addresses, after it has undone escapes."""
    for maker in (inline, prose):
        outside = " ".join(token.content for token in tokens(maker(text)) if token.type == "text")
        assert not re.search(r"https?://|www\.|mailto:|\w@\w", outside)


@hostile
def test_nothing_takes_long(text: str) -> None:
    start = perf_counter()
    for maker in MAKERS:
        maker(text * 3)
    assert perf_counter() - start < 1


@hostile
def test_no_hidden_character_is_left(text: str) -> None:
    for maker in MAKERS:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", maker(text))


def test_hidden_characters_are_written_out_and_terminal_colours_dropped() -> None:
    assert visible("\x1b[31mred\x1b[0m \u202eevil \x07") == "red ⟨U+202E⟩evil ⟨U+0007⟩"


def test_ordinary_words_stay_as_they_are() -> None:
    line = "Disk /data is 91 % full (182 of 200 GB): see host.disk_usage, 'why?' - naïve, 日本, 👩‍🚒!"
    assert inline(line) == line


def test_addresses_become_code_and_stay_whole() -> None:
    assert inline("see https://a.example/x?y=1&z=2.") == "see `https://a.example/x?y=1&z=2`."


def test_a_line_for_a_log_has_no_address_that_could_become_a_link() -> None:
    line = unlinked("see https://e.example/x,\nwww.e.example or a@e.example", 200)
    assert line == "see https: / /e.example/x, w w w .e.example or a@ e.example"


def test_prose_keeps_paragraphs_lists_bold_and_code() -> None:
    text = "# Result\nOne is **nearly full**: `df -h`\nsee below\n* first\n* second\n\n1) one\n\n```sh\ndf -h\n```\nend"
    assert prose(text) == (
        "**Result**\n\nOne is **nearly full**: `df -h`  \nsee below\n\n- first\n- second\n\n1. one\n\n```\ndf -h\n```\n\nend"
    )


def test_a_long_text_keeps_its_beginning_and_its_end_and_says_what_is_missing() -> None:
    text = bounded("a" * 5_000 + "b" * 5_000, 3_000)
    assert text.startswith("a" * 2_000)
    assert text.endswith("\n" + "b" * 1_000)
    assert "… 7,000 characters left out …" in text


def test_a_code_span_may_hold_backticks() -> None:
    assert code("a ``b`` c") == "```a ``b`` c```"
    assert code("`x`") == "`` `x` ``"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/)[x](y", "https://a b", "", "//a.example"])
def test_a_link_goes_to_plain_web_addresses_only(url: str) -> None:
    assert link("step 7", url) == "step 7"


def test_a_link_has_safe_words() -> None:
    assert link("[a](b)", "http://127.0.0.1:4200/v2/x") == r"[\[a\](b)](http://127.0.0.1:4200/v2/x)"


def test_what_is_cut_from_markdown_is_plain_text_again() -> None:
    assert type(Markdown("a") + "<b>") is str

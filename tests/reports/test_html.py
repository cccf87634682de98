"""The HTML page of a report: safe, whole, and on its own."""

import re
from time import perf_counter

import pytest

from reports.html import SIZE_LIMIT, html_page, safe_html
from tests.reports.hostile import HOSTILE, tags_of

HARMLESS = {
    *"h1 h2 h3 h4 p br hr blockquote ul ol li pre code em strong s a".split(),
    *"table thead tbody tr th td details summary".split(),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_even_unescaped_text_brings_no_picture_script_or_handler(text: str) -> None:
    start = perf_counter()
    for tag, attributes in tags_of(safe_html(text.encode("utf-8", "replace").decode())):
        assert tag in HARMLESS
        assert attributes.keys() <= {"href", "title", "rel", "class", "align", "start"}
        assert not str(attributes.get("href", "https:")).startswith(("javascript", "data"))
    assert perf_counter() - start < 3


def test_our_folding_tags_fold_and_others_are_text() -> None:
    html = safe_html("<details>\n<summary>Result, 9 characters</summary>\n\n```json\n{}\n```\n\n</details>\n\n<b>x</b>")
    assert html == (
        "<details>\n<summary>Result, 9 characters</summary>\n"
        '<pre><code class="language-json">{}\n</code></pre>\n</details>\n<p>&lt;b&gt;x&lt;/b&gt;</p>\n'
    )


def test_columns_keep_their_alignment_without_a_style() -> None:
    html = safe_html("| a | b |\n|---|---:|\n| 1 | 2 |")
    assert '<th align="right">b</th>' in html
    assert "style" not in html


def test_the_page_asks_nobody_for_anything() -> None:
    html = html_page("# A & B\n\n![x](https://evil.example/p.png)", 'A & "B" </title><script>')
    assert not re.search(r"<script|<img|<link|src=|@import|url\(", html)
    assert "default-src 'none'; style-src 'sha256-" in html
    assert "<title>A &amp; &#34;B&#34; &lt;/title&gt;&lt;script&gt;</title>" in html


def test_a_page_that_is_too_big_is_cut_and_says_so() -> None:
    start = perf_counter()
    html = html_page("word " * (SIZE_LIMIT // 5) + "more ", "big")
    assert "5 characters are left out here" in html
    assert perf_counter() - start < 5


def test_a_graph_that_needs_a_program_to_be_drawn_is_left_out() -> None:
    shown = safe_html("before\n\n```mermaid\ngraph LR\n  a --> b\n```\n\nafter")
    assert shown.split() == ["<p>before</p>", "<p>after</p>"]

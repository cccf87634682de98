"""Texts that try to be more than text, and a look at what Markdown makes of them."""

from collections.abc import Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><b>bold</b>",
    "html block": "\n\n<div onclick=x>\n<iframe src='https://evil.example'></iframe>\n</div>\n\n",
    "folding tags": "\n</details>\n<details>\n<summary>hidden</summary>\n",
    "comment": "<!-- hidden --> &lt;script&gt; &#60;img&#62;",
    "picture": "![pixel](https://evil.example/p.png) ![x][1]\n\n[1]: https://evil.example/q.png",
    "link": "[click](https://evil.example) [me](javascript:alert(1)) <https://evil.example> <a@evil.example>",
    "reference": "[safe]\n\n[safe]: https://evil.example 'title'",
    "bare address": "see https://evil.example/x?a=1&b=2, www.evil.example or root@evil.example; mailto:a@evil.example",
    "address in bold": "**https://evil.example** `x`https://evil.example`y` |https://evil.example|",
    "split picture": "!`a`[x](https://evil.example)",
    "escape of the escape": "\\[click](https://evil.example) \\\\<b> \\`https://evil.example\\`",
    "fences": "```\nout\n```\n![x](https://evil.example)\n~~~~\n<b>\n~~~~\n`````",
    "unclosed fence": "```html\n<b>never closed",
    "code spans": "`` a`b `` ```c``` `d`` <b> `",
    "table": "a | b\n---|---\n1 | 2\n\n| x |\n|--|\n| ![p](https://evil.example) |",
    "line starts": "# h\n> q\n- [ ] task\n1. one\n+ two\n===\n---\n    code\n\ttab",
    "emphasis": "*a* _b_ __c__ ~~d~~ **e** ***f*** snake_case_name",
    "bidi": "safe \u202egnp.exe\u202c \u2066x\u2069 \u200bzero\ufeff",
    "control": "bell \x07 null \x00 red \x1b[31mtext\x1b[0m title \x1b]0;x\x07 \x9b31m",
    "line separators": "one\u2028# two\u2029three\x0bfour\rfive\r\nsix",
    "surrogate": "half \ud800 pair",
    "brackets": "[" * 5_000,
    "nesting": "> " * 3_000 + "- " * 3_000,
    "openers": "<a " * 3_000 + "[a](" * 1_000,
}


VALID = {name: text for name, text in HOSTILE.items() if name != "surrogate"}
"""Those that are valid Unicode, as all fields of records are."""


def tokens(markdown: str) -> list[Token]:
    """All tokens, those inside of lines too. Raw HTML is on, so that a tag would be seen as one."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return list(_flat(parser.parse(markdown)))


def kinds(markdown: str) -> set[str]:
    """The kinds of token in a document."""
    return {token.type for token in tokens(markdown)}


def _flat(given: list[Token]) -> Iterator[Token]:
    for token in given:
        yield token
        yield from _flat(token.children or [])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags that a browser would see in a page, with their attributes."""
    parser = _Tags()
    parser.feed(html)
    return parser.found

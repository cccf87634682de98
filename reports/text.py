"""Makes safe Markdown of text that is not ours: it may look like words, lists and code, and like nothing else (R9.2).

Prefect's console loads pictures from other hosts, follows bare addresses and takes some HTML, so no text of a model, a
tool or an event may bring a picture, a link or a tag. Addresses stay readable, and copyable, as code.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

from blueprint.secrets import without_secrets

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]")
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # parts of words in some scripts, and of emoji

_CODE_SPAN = re.compile(r"(?<!`)`([^`|]+)`(?!`)")
_BOLD = re.compile(r"\*\*([^\s*](?:[^*]*[^\s*])?)\*\*")
_WORD = re.compile(r"\||[^\s|]+")
_ADDRESS = re.compile(r"://|\bwww\.|\b(?:mailto|xmpp):|@\w", re.IGNORECASE)
_SPECIAL = re.compile(r"[\\*\[\]~|<>`]|&(?=[#\w])|(?<!\w)_+|(?<!_)_+(?!\w)")
_ESCAPE = re.compile(r"\\(?=[^\sA-Za-z0-9])|`")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "`": "&#96;", "&": "&amp;"}
_MARK_AT_START = re.compile(r"^([-+=#:])(?!\w)")
_NUMBER_AT_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")

_FENCE = re.compile(r"^\s*```")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|(\d{1,4})[.)])\s+(.*)$")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.*)$")


class Markdown(str):
    """Text that is safe Markdown already. Whatever is cut from it or joined to it is plain text again, to be escaped."""

    __slots__ = ()


def visible(text: str) -> str:
    """`text` without terminal colours and what looks like a secret; hidden and turning characters written out: ⟨U+202E⟩.

    Everything that people read of others' words passes here: reports, pages, messages, the terminal (R9.1).
    """
    return without_secrets(_UNUSUAL.sub(_written_out, _ANSI.sub("", text.replace("\r\n", "\n"))))


def _written_out(match: re.Match[str]) -> str:
    char = match[0]
    hidden = unicodedata.category(char) in _HIDDEN_CATEGORIES and char not in _JOINERS
    return f"⟨U+{ord(char):04X}⟩" if hidden else char


def bounded(text: str, limit: int) -> str:
    """`text`, or its first two thirds and its end with a note between them that says how much is left out."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 2 // 3], text[-(limit // 3) :]
    return f"{head}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{tail}"


_MOST_LOOKED_AT = 100_000
"""Nobody needs more for one line, and what is longer takes time."""


def one_line(text: str, limit: int) -> str:
    """`text` on one line, cut to `limit` characters; plain text, for titles, names and terminals."""
    flat = " ".join(visible(text[:_MOST_LOOKED_AT]).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def unlinked(text: str, limit: int) -> str:
    """`text` as `one_line` gives it, with addresses that nothing makes links of: for logs that the console shows."""
    return _ADDRESS.sub(_broken, one_line(text, limit))


def inline(text: str, limit: int = 2_000) -> Markdown:
    """`text` on one line, safe anywhere: in a sentence, a table cell, a list, a heading. Only code spans stay marked up."""
    return Markdown(_start_escaped(_marked_up(one_line(text, limit))))


def plain(line: str) -> str:
    """The words of a line that `inline` made safe; still untrusted text."""
    return _ESCAPE.sub("", unescape(line))


def _start_escaped(safe: str) -> str:
    """What would make a line a list, a heading or a rule, escaped."""
    return _NUMBER_AT_START.sub(r"\1\\\2", _MARK_AT_START.sub(r"\\\1", safe))


def _marked_up(line: str) -> str:
    safe = ""
    for number, part in enumerate(_CODE_SPAN.split(line)):
        piece = f"`{part}`" if number % 2 else _WORD.sub(_word, part)
        # Two code spans that touch would be one with a longer fence.
        safe += f" {piece}" if safe.endswith("`") and piece.startswith("`") else piece
    return safe


def _word(match: re.Match[str]) -> str:
    word = match[0]
    if not _ADDRESS.search(word) or "`" in word:
        return _escaped(_ADDRESS.sub(_broken, word))
    address = word.rstrip(".,;:!?)\"'")
    return f"`{address}`{_escaped(word[len(address) :])}"


def _broken(match: re.Match[str]) -> str:
    return " ".join(match[0])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "".join(_ENTITIES.get(char, f"\\{char}") for char in match[0]), text)


def code(text: str, limit: int = 500) -> Markdown:
    """`text` as code within a line; escaped as words where it holds a bar, which would end a table's cell."""
    line = one_line(text, limit)
    if "|" in line or not line:
        return inline(line, limit)
    fence = "`" * (_longest_fence(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markdown(f"{fence}{pad}{line}{pad}{fence}")


def code_block(text: str, language: str = "", limit: int = 20_000) -> Markdown:
    """`text` as a block of code, with a fence that nothing in it can close. `language` is ours, never the text's."""
    body = bounded(visible(text), limit).rstrip("\n")
    fence = "`" * max(3, _longest_fence(body) + 1)
    return Markdown(f"{fence}{language}\n{body}\n{fence}")


def _longest_fence(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def link(text: str, url: str) -> Markdown:
    """A link with untrusted text; only the text when `url` is no plain web address. `url` must be ours."""
    return Markdown(f"[{inline(text)}]({url})") if is_web_address(url) else inline(text)


def is_web_address(url: str) -> bool:
    """Whether `url` is a plain web address with nothing in it that could end a link."""
    return re.fullmatch(r"https?://[^\s<>()\[\]\\\"'`|]+", url) is not None


def prose(text: str, limit: int = 8_000) -> Markdown:
    """Several lines of words: paragraphs, flat lists, bold, code spans and blocks stay; headings become bold lines."""
    blocks: list[str] = []
    before = ""
    for kind, line in _lines(bounded(visible(text), limit)):
        if kind == before and kind in ("text", "list"):
            blocks[-1] += ("  \n" if kind == "text" else "\n") + line
        elif kind != "blank":
            blocks.append(line)
        before = kind
    return Markdown("\n\n".join(blocks))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    lines = iter(text.split("\n"))
    for line in lines:
        if _FENCE.match(line):
            yield "code", code_block("\n".join(_until_fence(lines)))
        elif not line.strip():
            yield "blank", ""
        elif item := _LIST_ITEM.match(line):
            yield "list", f"{item[1]}. {_bold_kept(item[2])}" if item[1] else f"- {_bold_kept(item[2])}"
        elif heading := _HEADING.match(line):
            yield "heading", f"**{inline(heading[1])}**"
        else:
            yield "text", _bold_kept(line)


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if _FENCE.match(line):
            return
        yield line


def _bold_kept(line: str) -> str:
    safe = ""
    for number, part in enumerate(_BOLD.split(" ".join(line.split()))):
        safe += f"**{_marked_up(part)}**" if number % 2 else _marked_up(part)
    return _start_escaped(safe)

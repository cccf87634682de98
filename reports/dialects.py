"""Writes a notification in the dialect of each kind of channel, so that no text in it pings, links or formats (R7.2, R9.2).

The words come from models, tools and alerts. Each dialect says how they are made inert, and how our own links are written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from blueprint.notification import Dialect
from reports.html import html_mail
from reports.text import inline, link, one_line, prose, visible

_CUT = "… (cut; the whole is in the inbox)"
_ADDRESS = re.compile(r"://|\bwww\.|\b(?:mailto|xmpp|tel):", re.IGNORECASE)
_PING = re.compile(r"@(?=\w)")
_WIDE = str.maketrans("<>[]`", "＜＞［］'")  # noqa: RUF001 WeCom knows no escape, so look-alikes stand for its marks


@dataclass(frozen=True, kw_only=True)
class Note:
    """A notification before it is written: what is untrusted (title, text, facts) apart from what is ours (links)."""

    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    foot: str = ""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How a dialect writes words, a fact's name and a link."""

    words: Callable[[str], str]
    strong: Callable[[str], str]
    link: Callable[[str, str], str]
    line_end: str = ""
    """What keeps the next line from being joined to this one."""


def written(note: Note, dialect: Dialect, most_bytes: int) -> tuple[str, str]:
    """Title and body; together no longer than `most_bytes`, cut in the text and never in a link."""
    if dialect is Dialect.HTML:
        title = _inert(one_line(note.title, 200))
        body = _body(replace(note, links=(), foot=""), _MARKDOWN, most_bytes)
        return title, html_mail(body, title, links=note.links, foot=note.foot)
    way = _way(dialect)
    title = way.words(one_line(note.title, 120 if dialect is not Dialect.TEXT else 80))
    return title, _body(note, way, most_bytes - len(title.encode()) - 10)


def _way(dialect: Dialect) -> _Way:
    match dialect:
        case Dialect.MARKDOWN | Dialect.HTML:
            return _MARKDOWN
        case Dialect.LARK:
            return _Way(words=_lark, strong=_starred, link=_bracketed)
        case Dialect.SLACK:
            return _Way(words=_slack, strong=lambda text: f"*{text}*", link=lambda text, url: f"<{url}|{text}>")
        case Dialect.WECOM:
            return _Way(words=_wecom, strong=_starred, link=_bracketed)
        case Dialect.TEXT | Dialect.JSON:
            return _Way(words=_plain, strong=str, link=lambda text, url: f"{text}: {url}")
        case _:
            assert_never(dialect)


def _body(note: Note, way: _Way, most_bytes: int) -> str:
    """Links first where the text is long: what is cut is the text."""
    facts = "\n".join(f"{way.strong(name)}: {way.words(one_line(value, 300))}{way.line_end}" for name, value in note.facts)
    links = "\n".join(f"{way.link(text, url)}{way.line_end}" for text, url in note.links)
    foot = way.words(note.foot) if note.foot else ""
    room = most_bytes - sum(len(part.encode()) + 2 for part in (facts, links, foot))
    return "\n\n".join(part for part in (facts, _fitting(note.text, way, room), links, foot) if part)


def _fitting(text: str, way: _Way, room: int) -> str:
    """The text as long as it fits; what is escaped is longer than what it was, so it is tried."""
    keep = min(len(text), max(room, 0))
    while keep > 0:
        shown = way.words(text[:keep]) + ("" if keep == len(text) else f"\n{_CUT}")
        if len(shown.encode()) <= room:
            return shown
        keep = keep * 3 // 4
    return ""


def _inert(text: str) -> str:
    """Without hidden characters, with addresses that nothing follows and names that nobody is called by."""
    return _PING.sub("@ ", _ADDRESS.sub(lambda found: " ".join(found[0]), visible(text)))


def _plain(text: str) -> str:
    """For whatever else Apprise speaks: marks in angle brackets call people in several chats."""
    return re.sub(r"<(?=\S)", "< ", _inert(text))


def _slack(text: str) -> str:
    return _inert(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lark(text: str) -> str:
    safe = _inert(text).replace("&", "&#38;").replace("<", "&#60;").replace(">", "&#62;")
    return re.sub(r"[*~`\[\]_]", lambda found: f"&#{ord(found[0])};", safe)


def _wecom(text: str) -> str:
    return _inert(text).translate(_WIDE)


def _starred(text: str) -> str:
    return f"**{text}**"


def _bracketed(text: str, url: str) -> str:
    return f"[{text}]({url})"


_MARKDOWN = _Way(words=lambda text: prose(_inert(text)), strong=lambda text: f"**{inline(text)}**", link=link, line_end="  ")

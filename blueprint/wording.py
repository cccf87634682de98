"""Brings a person's words into one form for reading: case, width, punctuation; and finds what can't be seen in them."""

import re
import unicodedata

LONGEST = 20_000
"""Characters of an answer that are read, and kept."""
_QUOTED = 80

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_PLAIN = "\n\r\t\u200c\u200d"
"""Line ends, and the joiners that are parts of words in some scripts."""
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc`", "'"))
_PUNCTUATION = re.compile(
    r"[.,!;:\-\u2010-\u2015\u2026\"\u201c-\u201f\u00ab\u00bb()*_\u3001\u3002\u060c\u061b\u06d4\u0964\u00a1]+"
)
"""Only what says nothing by itself: signs and emoji stay, and with one of them a yes is no longer a plain yes."""
_QUESTION_MARKS = re.compile(r"[?\u00bf\u061f\u037e]")
_SKIN_AND_STYLE = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
_END_OF_CLAUSE = re.compile(r"[.,;:!\n\u2013\u2014\u3001\u3002\u060c\u061b]+|\s-+\s|(?=\?)")


def normal(text: str) -> str:
    """Small letters, one width, single spaces; no punctuation but question marks."""
    plain = _SKIN_AND_STYLE.sub("", unicodedata.normalize("NFKC", text).casefold()).translate(_APOSTROPHES)
    marked = _QUESTION_MARKS.sub(" ? ", plain)
    return " ".join(_PUNCTUATION.sub(" ", marked).split())


def clauses(text: str) -> tuple[str, str]:
    """The first clause, up to a sign that ends one, and the rest; both normal."""
    plain = unicodedata.normalize("NFKC", text).strip()
    end = _END_OF_CLAUSE.search(plain)
    return (normal(plain[: end.start()]), normal(plain[end.start() :])) if end else (normal(plain), "")


def strange(text: str) -> str:
    """The first character that is not seen or turns the direction of writing; empty when there is none."""
    return next((char for char in text if unicodedata.category(char) in _HIDDEN and char not in _PLAIN), "")


def shortened(text: str) -> str:
    """The words on one line, for quoting them in an answer."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED else flat[: _QUOTED - 1] + "…"

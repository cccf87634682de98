"""Takes out what looks like a secret: keys of known services, passwords in addresses, `password=…` (R9.1). Pure.

Secrets whose values are known are taken out where they are known, next to model and tools. This catches what nobody told
us of, and stands at the exits: everything that people read passes here.
"""

import re

MARK = "•••"
"""What stands where a secret was."""

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY-----|[\s\S]*)")
_KEYS = re.compile(
    r"\b(?:sk|rk|pk)-(?=[\w-]{0,40}\d)[\w-]{16,200}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}|\bgithub_pat_\w{40,255}|\bglpat-[\w-]{18,100}"
    r"|\bxox[abeprs]-[\w-]{10,250}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{8,4000}\.[\w-]{8,8000}\.[\w-]{4,2000}"
)
_LONGEST = 16 * 1024
"""No match of the patterns here is longer, but that of a private key."""
_WINDOW = 256 * 1024
_NAME = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|(?:api|access|private|signing|secret)[_-]?key|(?:auth|access|refresh|api)[_-]?token)"
)
_NAMED = (
    re.compile(rf"(?i)({_NAME}=[\"']?)(?!{MARK})[^\s\"'&,;]{{4,500}}"),
    re.compile(rf"(?i)({_NAME}\\?[\"']?\s{{0,3}}:\s{{0,3}}\\?[\"']?)(?!{MARK})(?=\S{{0,60}}\d)[^\s\"'\\&,;]{{6,500}}"),
    re.compile(r"(?i)(\bauthorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?:bearer|basic|token)\s{1,3})[^\s\"'\\,;]{6,4000}"),
    re.compile(r"(?i)(\bbearer\s{1,3})(?=\S{0,60}\d)[\w.~+/=-]{16,4000}"),
    re.compile(r"(://[^\s/:@]{1,64}:)(?!//)[^\s/@]{1,200}(?=@)"),
)


def without_secrets(text: str) -> str:
    """`text` with a mark in place of everything that looks like a secret."""
    text = replaced(_KEYS, MARK, _PRIVATE_KEY.sub(MARK, text), longest=_LONGEST)
    for pattern in _NAMED:
        text = replaced(pattern, rf"\g<1>{MARK}", text, longest=_LONGEST)
    return text


def replaced(pattern: re.Pattern[str], mark: str, text: str, *, longest: int, window: int = _WINDOW) -> str:
    """What `pattern.sub(mark, text)` gives, where no match, with all that it looks at, is longer than `longest`.

    A long text is searched in windows. One search in all of it would stop every thread of the process until it is through,
    for seconds in 50 MB, and a run that gives no sign of life for so long is taken for dead (R4.8).
    """
    pieces, done, at = list[str](), 0, 0
    while at < len(text):
        until = at + window
        for found in pattern.finditer(text, at, until + longest):
            if found.start() >= until:
                break
            pieces += [text[done : found.start()], found.expand(mark)]
            done = found.end()
        at = max(until, done)
    return "".join([*pieces, text[done:]])

"""Takes out what looks like a secret: keys of known services, passwords in addresses, `password=…` (R9.1). Pure.

Secrets whose values are known are taken out where they are known, next to model and tools. This catches what nobody told
us of, and stands at the exits: everything that people read passes here.
"""

import re

MARK = "•••"
"""What stands where a secret was."""

_KEYS = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY-----|[\s\S]*)"
    r"|\b(?:sk|rk|pk)-(?=[\w-]{0,40}\d)[\w-]{16,200}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}|\bgithub_pat_\w{40,255}|\bglpat-[\w-]{18,100}"
    r"|\bxox[abeprs]-[\w-]{10,250}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{8,4000}\.[\w-]{8,8000}\.[\w-]{4,2000}"
)
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
    text = _KEYS.sub(MARK, text)
    for pattern in _NAMED:
        text = pattern.sub(rf"\g<1>{MARK}", text)
    return text

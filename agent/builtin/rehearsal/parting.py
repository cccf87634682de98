"""Cuts what a person says into its wishes: "rename it to Patrol and drop the memory check" are two."""

import re

_COMMANDS = (
    "rename name call add include drop remove delete leave skip stop run start execute trigger kick tell show explain describe"
    " move change make notify send use queue pause resume disable enable launch also check inspect look clean switch cancel put"
    " set let what how when is are did has do"
)
_APART = re.compile(
    rf"(?<=[.!?;])\s+|\n+|\s*[,;]?\s+(?:and\s+then|and\s+also|and|then|but)\s+(?=(?:please\s+|also\s+)?(?:{'|'.join(_COMMANDS.split())})\b)",
    re.IGNORECASE,
)


def apart(text: str) -> list[str]:
    """Its wishes in order, word for word."""
    return [part for part in _APART.split(text) if part.strip()]

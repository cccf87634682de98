"""Finds the calls that findings name as their evidence (R6.1)."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from blueprint.stream import Finding

_CALL_ID = re.compile(r"\bc\d{8}\b")


@dataclass(frozen=True, kw_only=True)
class Citations:
    """What a finding names: ids of calls that are known, and words that name none of them."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]


def citations(finding: Finding, calls: AbstractSet[str]) -> Citations:
    """What `finding` rests on, of the calls that have come back; an id may stand among other words."""
    known: dict[str, None] = {}
    unknown: list[str] = []
    for given in finding.evidence:
        found = [call_id for call_id in _CALL_ID.findall(given) if call_id in calls]
        known |= dict.fromkeys(found)
        unknown += [] if found else [given]
    return Citations(known=tuple(known), unknown=tuple(unknown))


def unknown_in(findings: Sequence[Finding], calls: AbstractSet[str]) -> tuple[tuple[str, str], ...]:
    """Titles of findings, each with words that it gives as evidence and that name no such call."""
    return tuple((finding.title, words) for finding in findings for words in citations(finding, calls).unknown)

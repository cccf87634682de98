"""Compares a run's findings with those of the Task's last run: new, persisting, resolved (R6.1)."""

import re
from dataclasses import dataclass
from datetime import datetime

from blueprint.records import RunRecord, RunState
from blueprint.stream import Conclusion, Finding, Severity

_MEASURE = re.compile(
    r"\d[\d.,]*\s?(?:%|percent\b|(?:[kmgtp]i?)?b(?:ytes?)?\b|[µmn]?s\b|sec(?:ond)?s?\b|min(?:ute)?s?\b|h(?:ours?)?\b|d(?:ays?)?\b)"
)
"""A figure with its unit, in a title in small letters. Figures without one are names: `node-3` is not `node-4`."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Titles of findings that call for attention; with a `gap`, which says why nothing is compared, those of the last run."""

    last_at: datetime
    last_state: RunState
    new: tuple[str, ...] = ()
    persisting: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    gap: str = ""
    unseen: tuple[str, ...] = ()
    """What the last run found, and this one says nothing of."""


def compare(present: Conclusion | None, last: RunRecord) -> Comparison:
    """What changed since the last run. Without a conclusion nothing is called resolved: it was not looked at."""
    at = last.ended_at or last.started_at
    if present is None or last.conclusion is None:
        gap = "This run ended without findings." if present is None else "The last run ended without findings."
        unseen = tuple(finding.title for finding in open_findings(last.conclusion).values())
        return Comparison(last_at=at, last_state=last.state, gap=gap, unseen=unseen)
    now, then = open_findings(present), open_findings(last.conclusion)
    return Comparison(
        last_at=at,
        last_state=last.state,
        new=tuple(finding.title for key, finding in now.items() if key not in then),
        persisting=tuple(_persisting(finding, then[key]) for key, finding in now.items() if key in then),
        resolved=tuple(finding.title for key, finding in then.items() if key not in now),
    )


def open_findings(conclusion: Conclusion | None) -> dict[str, Finding]:
    """The findings that call for attention, each under a key by which it is known again in another run.

    The key is the title without its measures: `Disk /data is 91 % full` is known again when it is 93 % full.
    """
    found: dict[str, Finding] = {}
    for finding in conclusion.findings if conclusion else ():
        if finding.severity is not Severity.OK:
            title = " ".join(finding.title.casefold().split())
            measureless = _MEASURE.sub("#", title)
            found[title if measureless in found else measureless] = finding
    return found


def _persisting(now: Finding, then: Finding) -> str:
    was = f"was {then.severity}, is {now.severity}" if now.severity is not then.severity else ""
    said = f"last time: {then.title}" if now.title != then.title else ""
    return f"{now.title} ({'; '.join(filter(None, (was, said)))})" if was or said else now.title

"""Compares a run's findings with those of the Task's last run: new, persisting, gone (R6.1)."""

from dataclasses import dataclass
from datetime import datetime

from blueprint.records import RunRecord, RunState
from blueprint.stream import Conclusion, Finding, Severity


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Titles of findings that call for attention; `gap` says why there is nothing to compare, then all three are empty."""

    last_at: datetime
    last_state: RunState
    new: tuple[str, ...] = ()
    persisting: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    gap: str = ""


def compare(present: Conclusion | None, last: RunRecord) -> Comparison:
    """What changed since the last run. Without a conclusion nothing is called gone: it was not looked at."""
    at = last.ended_at or last.started_at
    if present is None or last.conclusion is None:
        gap = "This run ended without findings." if present is None else "The last run ended without findings."
        return Comparison(last_at=at, last_state=last.state, gap=gap)
    now, then = open_findings(present), open_findings(last.conclusion)
    return Comparison(
        last_at=at,
        last_state=last.state,
        new=tuple(finding.title for key, finding in now.items() if key not in then),
        persisting=tuple(_persisting(finding, then[key]) for key, finding in now.items() if key in then),
        gone=tuple(finding.title for key, finding in then.items() if key not in now),
    )


def open_findings(conclusion: Conclusion | None) -> dict[str, Finding]:
    """The findings that call for attention, each under a key by which it is known again in another run."""
    given = conclusion.findings if conclusion else ()
    attention = [finding for finding in given if finding.severity is not Severity.OK]
    return {" ".join(finding.title.casefold().split()): finding for finding in attention}


def _persisting(now: Finding, then: Finding) -> str:
    return now.title if now.severity is then.severity else f"{now.title} (was {then.severity}, is {now.severity})"

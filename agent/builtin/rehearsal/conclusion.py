"""Hands in what was found: summary, findings with their evidence, recommendations, and what could not be checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.builtin.rehearsal import deeds
from agent.builtin.rehearsal.amounts import counted
from agent.builtin.rehearsal.findings import find
from agent.builtin.rehearsal.judging import Found
from agent.builtin.rehearsal.results import Result
from agent.builtin.rehearsal.spoken import CONFESSION


@dataclass(frozen=True, kw_only=True)
class Undone:
    """Something that the task speaks of and that was not done; `needless` is its title when there was no need for it."""

    text: str
    needless: str = ""
    evidence: tuple[str, ...] = ()


def conclusion(results: Sequence[Result], undone: Sequence[Undone]) -> dict[str, Any]:
    """The arguments of `conclude`."""
    found = [*_unclear(results), *find(results), *_refused(results), *_needless(undone)]
    unchecked = [*_failures(results), *(one.text for one in undone if not one.needless)]
    return {
        "summary": f"{_summary(results, found, unchecked)} {CONFESSION}",
        "findings": [finding.as_json() for finding in found[:100]],
        "recommendations": list(dict.fromkeys(finding.advice for finding in found if finding.advice))[:50],
        "unchecked": unchecked[:50],
    }


def _summary(results: Sequence[Result], found: Sequence[Found], unchecked: Sequence[str]) -> str:
    looked = ", ".join(dict.fromkeys(result.offer.spoken for result in results if result.is_ok and not result.offer.changes))
    if not results:
        return "Nothing could be checked: no tool that was offered fits the task."
    counts = Counter(finding.severity for finding in found)
    grave = " and ".join(f"{counts[word]} {word}" for word in ("critical", "warning") if counts[word]) or "nothing to worry about"
    parts = [f"Looked at {looked}: {grave}."] if looked else []
    parts += [_told(result) for result in results if result.offer.changes]
    if unchecked:
        parts.append(f"{counted(len(unchecked), 'thing')} could not be checked.")
    return " ".join(parts)


def _told(result: Result) -> str:
    titles = {"ok": deeds.done, "unknown": deeds.unclear}
    return f"{titles.get(result.word, deeds.not_done)(result.offer)}{' because the call failed' * (result.word == 'error')}."


def _unclear(results: Sequence[Result]) -> list[Found]:
    return [
        Found(
            title=deeds.unclear(result.offer),
            severity="warning",
            detail=result.text[:1_000],
            advice=f"Find out whether {result.offer.spoken} took effect.",
            evidence=(result.call_id,),
        )
        for result in results
        if result.word == "unknown" and result.offer.changes
    ]


def _refused(results: Sequence[Result]) -> list[Found]:
    return [
        Found(
            title=deeds.not_done(result.offer),
            severity="info",
            detail=result.text[:1_000],
            evidence=(result.call_id,),
        )
        for result in results
        if result.word == "not done"
    ]


def _needless(undone: Sequence[Undone]) -> list[Found]:
    return [Found(title=one.needless, severity="info", detail=one.text, evidence=one.evidence) for one in undone if one.needless]


def _failures(results: Sequence[Result]) -> list[str]:
    failed = [f"{result.offer.spoken}: {result.first_line or 'failed'}" for result in results if _is_failed(result)]
    return [*failed, *(f"{result.offer.spoken}: {result.note}" for result in results if result.is_ok and result.is_blind)]


def _is_failed(result: Result) -> bool:
    return result.word == "error" or (result.word == "unknown" and not result.offer.changes)

"""Makes findings from tool results: judged where a rule knows them, quoted where none does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.builtin.rehearsal.amounts import amount, counted, size
from agent.builtin.rehearsal.deeds import done
from agent.builtin.rehearsal.judging import JUDGES, Found
from agent.builtin.rehearsal.results import Figure, Result, figures, number
from agent.builtin.rehearsal.shapes import mapping
from agent.builtin.rehearsal.words import meanings

_ORDER = ("critical", "warning", "info", "ok")
_SHOWN_FIGURES = 8


def find(results: Sequence[Result]) -> list[Found]:
    """The findings of all results that can be read, the gravest first."""
    found = [finding for result in results if result.is_ok and not result.is_blind for finding in _of(result)]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def _of(result: Result) -> Iterator[Found]:
    judge = next((judge for word, judge in JUDGES.items() if word in meanings(result.offer.tool)), None)
    found = list(judge(result)) if judge and result.data and not result.offer.changes else []
    for finding in found or [_done(result) if result.offer.changes else _quoted(result)]:
        yield replace(finding, evidence=(result.call_id,))


def _done(result: Result) -> Found:
    """A change that happened: what the tool says of it, and how to undo it when it says that."""
    undo = str(mapping(result.data).get("undo") or "")
    told = _moved(result) or _in_figures(result, depth=1) or result.text[:1_000]
    return Found(title=done(result.offer), severity="info", detail=told + (f"\nTo undo it: `{undo}`" if undo else ""))


def _moved(result: Result) -> str:
    """What a tool says that moves files away; empty for others."""
    data = mapping(result.data)
    count, moved = number(data, "files", "moved"), number(data, "bytes", "moved")
    if count is None or moved is None:
        return ""
    target = f" to {data['moved_to']}" if data.get("moved_to") else ""
    return f"{counted(count, 'file')} of {size(moved)} in all {'was' if count == 1 else 'were'} moved{target}."


def _quoted(result: Result) -> Found:
    """What can be said of a tool that no rule knows: its own words if it has any, and its figures."""
    spoken, server = result.offer.spoken, result.offer.server
    said = str(mapping(result.data).get("note") or "") if result.data is not None else result.text[:1_000]
    return Found(
        title=f"{spoken[:1].upper()}{spoken[1:]}" + (f" ({server})" if server else ""),
        severity="info",
        detail="\n".join(part for part in (said, _in_figures(result)) if part) or result.text[:1_000],
    )


def _in_figures(result: Result, depth: int = 9) -> str:
    """The first figures of a result in words, those within rows by the row's name."""
    shown = [_in_words(figure) for figure in figures(result.data) if figure.path and len(figure.path) <= depth]
    return ", ".join(shown[:_SHOWN_FIGURES])


def _in_words(figure: Figure) -> str:
    return f"{figure.label} {amount(figure.path[-1], figure.value)}".strip()

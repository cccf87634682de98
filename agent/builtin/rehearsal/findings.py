"""Makes findings from tool results, by fixed thresholds on the figures in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.builtin.rehearsal.amounts import amount, counted, size
from agent.builtin.rehearsal.deeds import done
from agent.builtin.rehearsal.results import Figure, Result, figures, label_of, rows
from agent.builtin.rehearsal.shapes import items, mapping
from agent.builtin.rehearsal.words import meanings

_ORDER = ("critical", "warning", "info", "ok")
_FULL, _NEARLY_FULL = 90, 80
_LITTLE_MEMORY = 10
_BUSY, _OVERLOADED = 1, 2
_SOON_DAYS, _URGENT_DAYS = 30, 7
_MANY_ZOMBIES = 10
_SHOWN = 5
_SHOWN_FIGURES = 8


@dataclass(frozen=True, kw_only=True)
class Found:
    """One finding; `advice` is what people should do about it, empty when nothing.

    The title says what it is about and how that stands, without figures: by it the next report knows the finding again.
    """

    title: str
    severity: str
    detail: str = ""
    advice: str = ""
    evidence: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the conclusion wants it."""
        return {
            "title": self.title[:200],
            "severity": self.severity,
            "detail": self.detail[:4_000],
            "evidence": list(self.evidence),
        }


def find(results: Sequence[Result]) -> list[Found]:
    """The findings of all results that can be read, the gravest first."""
    found = [finding for result in results if result.is_ok and not result.is_blind for finding in _of(result)]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def _of(result: Result) -> Iterator[Found]:
    read = next((reader for word, reader in _READERS.items() if word in meanings(result.offer.tool)), None)
    found = list(read(result)) if read and result.data and not result.offer.changes else []
    for finding in found or [_done(result) if result.offer.changes else _quoted(result)]:
        yield Found(
            title=finding.title,
            severity=finding.severity,
            detail=finding.detail,
            advice=finding.advice,
            evidence=(result.call_id,),
        )


def _disks(result: Result) -> Iterator[Found]:
    for row in rows(result.data):
        percent = _value(row, "percent", but=("inodes", "free", "available"))
        inodes = _value(row, "percent", "inodes")
        label = label_of(row) or "The disk"
        if percent is not None:
            free = _value(row, "bytes", "available", "free")
            yield Found(
                title=f"{label} is nearly full" if percent >= _NEARLY_FULL else f"{label} has room",
                severity=_grade(percent, _NEARLY_FULL, _FULL),
                detail=f"{percent:g} % full" + ("." if free is None else f", {size(free)} available."),
                advice=f"Free space on {label}, or make it larger." if percent >= _NEARLY_FULL else "",
            )
        if inodes is not None and inodes >= _NEARLY_FULL:
            yield Found(
                title=f"{label} is nearly out of inodes",
                severity=_grade(inodes, _NEARLY_FULL, _FULL),
                detail=f"{inodes:g} % of them are in use.",
                advice=f"Remove small files from {label}.",
            )


def _memory(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    total, available = _value(data, "bytes", "total", but=("swap",)), _value(data, "bytes", "available")
    if not total or available is None:
        return
    percent = 100 * available / total
    is_little = percent < _LITTLE_MEMORY
    yield Found(
        title="Memory is short" if is_little else "Enough memory is available",
        severity="warning" if is_little else "ok",
        detail=f"{size(available)} of {size(total)} ({percent:.1f} %) are available.",
        advice="Find the processes that take the memory, or add memory." if is_little else "",
    )


def _load(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    load, processors = _value(data, "load", "5", "1"), _value(data, "processors")
    if load is None:
        return
    share = load / processors if processors else load
    of = f" on {counted(processors, 'processor')}, {share:.2f} for each" if processors else ""
    yield Found(
        title="The load is high" if share >= _BUSY else "The processors keep up with the load",
        severity=_grade(share, _BUSY, _OVERLOADED),
        detail=f"The load is {load:g}{of}; when it is over {_BUSY} for each, work has to wait.",
        advice="Look for the processes that keep the processors busy." if share >= _BUSY else "",
    )


def _services(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    name = next((name for name in ("failed", "services", "units") if isinstance(data.get(name), list)), None)
    if name is None:
        return
    failed = items(data[name])
    if not failed:
        yield Found(title="No service has failed", severity="ok")
    for entry in failed:
        name = label_of(mapping(entry)) or str(entry)
        detail = " ".join(str(value) for key, value in mapping(entry).items() if key in ("state", "description"))
        yield Found(
            title=f"The service {name} has failed",
            severity="warning",
            detail=detail,
            advice=f"Look at the log of {name}, mend its cause and start it again.",
        )


def _errors(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    count = _count(data)
    if count is None:
        return
    units = ", ".join(f"{unit}: {number}" for unit, number in mapping(data.get("by_unit")).items())
    lines = [str(mapping(line).get("message") or line)[:300] for line in items(data.get("lines"))[:_SHOWN]]
    yield Found(
        title="Recent errors in the log" if count else "No recent errors in the log",
        severity="warning" if count else "ok",
        detail="\n".join(part for part in (counted(count, "error"), units, *lines) if part) if count else "",
        advice="Look at the services that log errors." if count else "",
    )


def _certificates(result: Result) -> Iterator[Found]:
    for row in rows(result.data):
        days = _value(row, "days")
        if days is None:
            continue
        name = label_of(row) or "the host"
        is_urgent, is_soon = days < _URGENT_DAYS, days < _SOON_DAYS
        state = "has expired" if days < 0 else "expires soon" if is_soon else "is valid"
        yield Found(
            title=f"The certificate of {name} {state}",
            severity="critical" if is_urgent else "warning" if is_soon else "ok",
            detail=f"For {counted(days, 'more day')}." if days >= 0 else f"{counted(-days, 'day')} ago.",
            advice=f"Renew the certificate of {name}." if is_soon else "",
        )


def _ports(result: Result) -> Iterator[Found]:
    listed = items(mapping(result.data).get("ports"))
    public = [mapping(port) for port in listed if mapping(port).get("is_public")]
    shown = ", ".join(f"{port.get('port')} ({port.get('process') or 'process not known'})" for port in public[:20])
    yield Found(
        title="Ports that others can reach" if public else "No port that others can reach",
        severity="info",
        detail=f"{counted(len(listed), 'listening port')}, {len(public) or 'none'} of them public{': ' if shown else ''}{shown}.",
    )


def _processes(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    count = _count(data)
    if count is None:
        return
    zombies = mapping(data.get("by_status")).get("zombie", 0)
    top = ", ".join(f"{label_of(mapping(row))} ({_use(mapping(row))})" for row in items(data.get("top"))[:_SHOWN])
    yield Found(
        title="Many zombie processes" if zombies > _MANY_ZOMBIES else "Running processes",
        severity="warning" if zombies > _MANY_ZOMBIES else "info",
        detail=f"{count:g} processes, {zombies or 'none'} of them zombies." + (f" The biggest: {top}." if top else ""),
    )


def _scratch(result: Result) -> Iterator[Found]:
    data = mapping(result.data)
    total, files = _value(data, "bytes", "total"), _value(data, "files", but=("old",))
    if total is None:
        return
    where = data.get("directory") or "It"
    in_files = "" if files is None else f" in {counted(files, 'file')}"
    if total or files:
        yield Found(title="The scratch directory holds files", severity="info", detail=f"{where} holds {size(total)}{in_files}.")
    else:
        yield Found(title="The scratch directory is empty", severity="info", detail=f"{where} holds no files.")


_READERS: Mapping[str, Callable[[Result], Iterator[Found]]] = {
    "disk": _disks,
    "memory": _memory,
    "load": _load,
    "service": _services,
    "error": _errors,
    "certificate": _certificates,
    "port": _ports,
    "process": _processes,
    "scratch": _scratch,
}


def _done(result: Result) -> Found:
    """A change that happened: what the tool says of it, and how to undo it when it says that."""
    undo = str(mapping(result.data).get("undo") or "")
    told = _moved(result) or _in_figures(result, depth=1) or result.text[:1_000]
    return Found(title=done(result.offer), severity="info", detail=told + (f"\nTo undo it: `{undo}`" if undo else ""))


def _moved(result: Result) -> str:
    """What a tool says that moves files away; empty for others."""
    data = mapping(result.data)
    count, moved = _value(data, "files", "moved"), _value(data, "bytes", "moved")
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


def _grade(value: float, warning: float, critical: float) -> str:
    return "critical" if value >= critical else "warning" if value >= warning else "ok"


def _count(data: Mapping[str, Any]) -> float | None:
    total = _value(data, "total")
    return _value(data, "count") if total is None else total


def _use(row: Mapping[str, Any]) -> str:
    used = _value(row, "bytes")
    return size(used) if used is not None else f"pid {row.get('pid')}"


def _value(row: Mapping[str, Any], kind: str, *also: str, but: Sequence[str] = ()) -> float | None:
    """The number of `row` itself whose name has the word `kind`, and the earliest possible of `also`; none of `but`."""
    own = figures({key: value for key, value in row.items() if not isinstance(value, dict | list)})
    named = [figure for figure in own if kind in figure.name and not figure.name & set(but)]
    ranked = [figure for word in also for figure in named if word in figure.name] if also else named
    return ranked[0].value if ranked else None

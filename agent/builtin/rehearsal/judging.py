"""Judges what tools found out, by fixed thresholds on the figures in their results."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.builtin.rehearsal.amounts import counted, size
from agent.builtin.rehearsal.results import Result, label_of, number, rows
from agent.builtin.rehearsal.shapes import items, mapping

_FULL, _NEARLY_FULL = 90, 80
_LITTLE_MEMORY = 10
_BUSY, _OVERLOADED = 1, 2
_SOON_DAYS, _URGENT_DAYS = 30, 7
_MANY_ZOMBIES = 10
_SHOWN = 5


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


def _disks(result: Result) -> Iterator[Found]:
    for row in rows(result.data):
        percent = number(row, "percent", but=("inodes", "free", "available"))
        inodes = number(row, "percent", "inodes")
        label = label_of(row) or "The disk"
        if percent is not None:
            free = number(row, "bytes", "available", "free")
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
    total, available = number(data, "bytes", "total", but=("swap",)), number(data, "bytes", "available")
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
    load, processors = number(data, "load", "5", "1"), number(data, "processors")
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
        days = number(row, "days")
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
    total, files = number(data, "bytes", "total"), number(data, "files", but=("old",))
    if total is None:
        return
    where = data.get("directory") or "It"
    in_files = "" if files is None else f" in {counted(files, 'file')}"
    if total or files:
        yield Found(title="The scratch directory holds files", severity="info", detail=f"{where} holds {size(total)}{in_files}.")
    else:
        yield Found(title="The scratch directory is empty", severity="info", detail=f"{where} holds no files.")


JUDGES: Mapping[str, Callable[[Result], Iterator[Found]]] = {
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
"""What is judged by which rule: a word in the name of the tool."""


def _grade(value: float, warning: float, critical: float) -> str:
    return "critical" if value >= critical else "warning" if value >= warning else "ok"


def _count(data: Mapping[str, Any]) -> float | None:
    total = number(data, "total")
    return number(data, "count") if total is None else total


def _use(row: Mapping[str, Any]) -> str:
    used = number(row, "bytes")
    return size(used) if used is not None else f"pid {row.get('pid')}"

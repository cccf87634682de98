"""Reads what systemd and its journal know: failed services and recent errors. A host without them is not an error."""

import json
import os
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from blueprint.values import Value

_COMMAND_SECONDS = 20
_MESSAGE_CHARS = 500
_NO_JOURNAL = "No system journal can be read on this host"


class FailedService(Value):
    """A unit that systemd could not start or keep running."""

    unit: str
    state: str
    description: str


class FailedServices(Value):
    """All failed units; `is_known` is False where systemd can't be asked."""

    is_known: bool
    failed: tuple[FailedService, ...] = ()
    note: str = ""


class LogLine(Value):
    """One message of priority error or worse."""

    at: str = Field(description="UTC, ISO 8601.")
    unit: str
    priority: int = Field(description="0 emergency, 1 alert, 2 critical, 3 error.")
    message: str


class RecentErrors(Value):
    """Errors in the system's journal, newest first; `is_known` is False where there is no journal."""

    is_known: bool
    minutes: int
    total: int = 0
    by_unit: dict[str, int] = Field(default_factory=dict)
    lines: tuple[LogLine, ...] = ()
    note: str = ""


def read_failed_services() -> FailedServices:
    """Ask systemd for failed units."""
    output, problem = _run("systemctl", "list-units", "--state=failed", "--no-legend", "--plain", "--no-pager", "--full")
    if problem:
        return FailedServices(is_known=False, note=f"Services can't be checked on this host: {problem}")
    failed = tuple(_service(line) for line in output.splitlines() if line.strip())
    return FailedServices(is_known=True, failed=failed, note="" if failed else "No failed services.")


def read_recent_errors(minutes: int, count: int) -> RecentErrors:
    """The errors of the last `minutes`; of the newest 5,000 all are counted and `count` shown."""
    output, problem = _run(
        "journalctl",
        "--priority=err",
        f"--since=-{minutes}min",
        "--output=json",
        "--reverse",
        "--lines=5000",
        "--no-pager",
        "--quiet",
    )
    if problem or (not output and not _has_journal()):
        reason = problem or "there are no journal files."
        return RecentErrors(is_known=False, minutes=minutes, note=f"{_NO_JOURNAL}: {reason}")
    lines = [_log_line(json.loads(line)) for line in output.splitlines() if line.startswith("{")]
    return RecentErrors(
        is_known=True,
        minutes=minutes,
        total=len(lines),
        by_unit=dict(Counter(line.unit for line in lines).most_common(20)),
        lines=tuple(lines[:count]),
        note="" if lines else f"No errors in the journal of the last {minutes} minutes.",
    )


def _run(*command: str) -> tuple[str, str]:
    """What the command wrote, and a sentence on why it could not be asked."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_COMMAND_SECONDS, check=False, env=_english())
    except FileNotFoundError:
        return "", f"{command[0]} is not installed."
    except subprocess.TimeoutExpired:
        return "", f"{command[0]} did not answer within {_COMMAND_SECONDS} s."
    if done.returncode:
        return "", _text(done.stderr).strip().partition("\n")[0] or f"{command[0]} ended with {done.returncode}."
    return _text(done.stdout), ""


def _english() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _has_journal() -> bool:
    """Journalctl ends well on a host that keeps no journal; an empty answer there must not pass for 'no errors'."""
    return any(next(Path(folder).glob("*/*.journal"), None) for folder in ("/var/log/journal", "/run/log/journal"))


def _service(line: str) -> FailedService:
    unit, _, state, sub_state, *description = [*line.split(None, 4), "", "", "", ""][:5]
    return FailedService(unit=unit, state=f"{state} ({sub_state})", description=" ".join(description))


def _log_line(entry: dict[str, Any]) -> LogLine:
    at = datetime.fromtimestamp(int(entry.get("__REALTIME_TIMESTAMP", 0)) / 1e6, UTC)
    return LogLine(
        at=at.isoformat(timespec="seconds"),
        unit=str(entry.get("_SYSTEMD_UNIT") or entry.get("SYSLOG_IDENTIFIER") or "kernel"),
        priority=int(entry.get("PRIORITY", 3)),
        message=_message(entry.get("MESSAGE"))[:_MESSAGE_CHARS],
    )


def _message(value: object) -> str:
    """The journal gives a message that is no valid text as a list of bytes."""
    if isinstance(value, list):
        return _text(bytes(value))  # pyright: ignore[reportUnknownArgumentType]
    return str(value or "")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")

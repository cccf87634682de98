"""Counts a period of a Mission again, from its records alone and with nothing of the code that reports it."""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from blueprint.records import RunRecord
from reports.mission_report import Records
from reports.period import Period

Table = list[list[str]]


def tables(page: str) -> dict[str, list[Table]]:
    """The tables of a page below each of its headings, without their heads."""
    found: dict[str, list[Table]] = {}
    heading, last = "", ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("|---"):
            found.setdefault(heading, []).append([])
        elif line.startswith("| ") and last.startswith("|") and found.get(heading):
            found[heading][-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        last = line
    return {heading: [[row for row in table if row] for table in all_tables] for heading, all_tables in found.items()}


def seconds(text: str) -> float:
    """`1 h 31 min` as seconds."""
    units = {"s": 1, "min": 60, "h": 3600}
    parts = text.replace(",", "").lstrip("+-").split()
    return sum(float(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


def totals(records: Records, since: datetime, until: datetime) -> dict[str, float]:
    """The figures of a period, by their names in the report."""
    runs = [run for run in records.runs if since <= run.started_at < until]
    return {
        "Runs": len(runs),
        "Success": len([run for run in runs if run.state == "Success"]),
        "Failed": len([run for run in runs if run.state == "Failed"]),
        "Cancelled": len([run for run in runs if run.state == "Cancelled"]),
        "Running": len([run for run in runs if run.state == "Running"]),
        "Fires not run": sum(fire.count for fire in records.fires if since <= fire.at < until),
        "Tokens": sum(run.usage.input_tokens for run in runs) + sum(run.usage.output_tokens for run in runs),
        "Running time": sum(run.running_seconds for run in runs),
        "Cost": sum(run.usage.cost for run in runs),
    }


def findings(records: Records, period: Period) -> list[tuple[str, str, str, str, str, str, int]]:
    """Severity, title, Task, trend, first and last moment, and runs of the period with it, by walking through time."""
    rows: list[tuple[str, str, str, str, str, str, int]] = []
    ended = sorted((run for run in records.runs if run.conclusion and run.started_at < period.until), key=_began)
    for task in {run.task for run in ended}:
        mine = [run for run in ended if run.task == task]
        for title in {title for run in mine for title in _titles(run)}:
            having = [run for run in mine if title in _titles(run)]
            inside = [run for run in having if run.started_at >= period.since]
            older = [run for run in mine if run.started_at < period.since]
            if not inside and not (older and title in _titles(older[-1])):
                continue
            is_open = title in _titles(mine[-1])
            trend = ("new" if having[0].started_at >= period.since else "persisting") if is_open else "resolved"
            moments = (f"{having[0].started_at:%Y%m%d%H%M}", f"{having[-1].started_at:%Y%m%d%H%M}")
            rows.append((_titles(having[-1])[title], title, task, trend, *moments, len(inside)))
    return sorted(rows)


def _began(run: RunRecord) -> tuple[datetime, str]:
    return run.started_at, run.id


def _titles(run: RunRecord) -> dict[str, str]:
    found = run.conclusion.findings if run.conclusion else ()
    return {finding.title: finding.severity.value for finding in found if finding.severity != "ok"}


def people(records: Records, period: Period) -> tuple[list[int], float | None]:
    """Asked, agreed, refused, otherwise answered, expired, cancelled, open; and the median time to an answer."""
    asked = [one for one in records.requests if period.since <= one.asked_at < period.until]
    said = [one.answer.decision.value if one.answer else one.state.value for one in asked]
    agreed = len([word for word in said if word in ("approve", "approve_for_this_run", "launch")])
    states = [len([word for word in said if word == state]) for state in ("expired", "cancelled", "open")]
    refused = said.count("reject")
    others = len(said) - agreed - refused - sum(states)
    times = [(one.answer.at - one.asked_at).total_seconds() for one in asked if one.answer]
    return [len(asked), agreed, refused, others, *states], median(times) if times else None


def picture(page: str) -> dict[str, int]:
    """What the bars of the picture add up to, by colour."""
    found = re.search(r"svg\+xml;base64,([^)]+)\)", page)
    if found is None:
        return {}
    svg = base64.b64decode(found[1]).decode()
    most = max(int(number) for number in re.findall(r'text-anchor="end"[^>]*>(\d+)<', svg))
    bars = re.findall(r'<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)" fill="(#\w+)"', svg)
    unit = 156 / most
    high: dict[str, float] = {}
    for height, colour in bars:
        if height != "12.0":  # the legend
            high[colour] = high.get(colour, 0) + float(height)
    return {colour: round(height / unit) for colour, height in high.items()}


def moment(text: str, timezone: str) -> str:
    """`Sat 2026-11-21 02:00` of a zone, and whatever it links to, as the moment in UTC to the minute."""
    written = re.sub(r"^\[|\]\(.*", "", text)
    local = datetime.strptime(written, "%a %Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(timezone))
    return f"{local.astimezone(ZoneInfo('UTC')):%Y%m%d%H%M}"


def added(rows: Sequence[Sequence[str]], column: int) -> float:
    """The sum of a column."""
    return sum(float(row[column].replace(",", "")) for row in rows)

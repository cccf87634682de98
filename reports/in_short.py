"""Says what a run came to in a few lines, for messages and lists."""

from collections.abc import Sequence

from blueprint.records import RunRecord
from blueprint.stream import Finding, Severity
from reports.text import one_line

_ORDER = (Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.OK)
_MOST_NAMED = 5


def worst(severities: Sequence[Severity]) -> Severity:
    """The most that any finding matters; ok when there is none."""
    return next((severity for severity in _ORDER if severity in severities), Severity.OK)


def counted(findings: Sequence[Finding]) -> str:
    """`1 critical, 2 warning`, in the order of how much they matter; `no findings`."""
    given = [finding.severity for finding in findings]
    return ", ".join(f"{given.count(one)} {one}" for one in _ORDER if one in given) or "no findings"


def run_in_short(record: RunRecord) -> str:
    """Why it did not succeed, what was found, the worst findings by name, and the summary; plain text."""
    if record.conclusion is None:
        return record.reason or f"The run ended as {record.state} without findings."
    findings = sorted(record.conclusion.findings, key=lambda finding: _ORDER.index(finding.severity))
    pressing = [finding for finding in findings if finding.severity in (Severity.CRITICAL, Severity.WARNING)]
    named = [f"- {finding.severity}: {one_line(finding.title, 200)}" for finding in pressing[:_MOST_NAMED]]
    more = [f"- and {len(pressing) - _MOST_NAMED} more"] if len(pressing) > _MOST_NAMED else []
    head = [record.reason] if record.reason else []
    return "\n".join([*head, f"Findings: {counted(findings)}.", *named, *more, "", record.conclusion.summary]).strip()

"""Answers about a Mission come from its records, and nothing that others wrote is a link in them."""

from blueprint.stream import Conclusion, Finding, Severity
from reports.answers import findings_text
from tests.reports.runs import success
from tests.reports.test_mission_report import MISSION

LURE = "log in at https://evil.example now"


def test_addresses_that_runs_brought_are_broken_up() -> None:
    finding = Finding(title=LURE, severity=Severity.WARNING, detail="Odd.", evidence=())
    conclusion = Conclusion(summary=LURE, findings=(finding,))
    record = success().record.model_copy(update={"conclusion": conclusion, "reason": LURE})
    answer = findings_text(MISSION, [record], "UTC")
    assert answer.count("log in at https: / /evil.example now") == 2
    assert "://" not in answer

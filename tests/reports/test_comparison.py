"""How findings are known again in another run (R6.1, R6.2)."""

import pytest

from blueprint.stream import Conclusion, Finding, Severity
from reports.comparison import compare, open_findings
from tests.reports import runs


def _conclusion(*titles: str) -> Conclusion:
    return Conclusion(summary="Looked.", findings=tuple(Finding(title=title, severity=Severity.WARNING) for title in titles))


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("Disk /data is 91 % full", "Disk /data is 93.5% full"),
        ("Certificate of api ends in 9 days", "certificate of  api ends in 1 day"),
        ("Backup is 1.2 TB", "Backup is 900 GiB"),
        ("Answers take 1,200 ms", "Answers take 2 s"),
    ],
)
def test_a_finding_whose_measure_alone_has_moved_persists_and_says_what_it_was(then: str, now: str) -> None:
    last = runs.last().model_copy(update={"conclusion": _conclusion(then)})
    found = compare(_conclusion(now), last)
    assert (found.new, found.resolved) == ((), ())
    assert found.persisting == (f"{now} (last time: {then})",)


@pytest.mark.parametrize(
    ("then", "now"),
    [("node-3 is not ready", "node-7 is not ready"), ("3 pods fail", "7 pods fail"), ("Port 443 is open", "Port 8443 is open")],
)
def test_figures_without_a_unit_are_names_and_make_another_finding(then: str, now: str) -> None:
    last = runs.last().model_copy(update={"conclusion": _conclusion(then)})
    found = compare(_conclusion(now), last)
    assert (found.new, found.persisting, found.resolved) == ((now,), (), (then,))


def test_two_findings_of_one_run_that_differ_in_a_measure_only_are_both_kept() -> None:
    found = open_findings(_conclusion("A disk is 91 % full", "A disk is 95 % full"))
    assert [finding.title for finding in found.values()] == ["A disk is 91 % full", "A disk is 95 % full"]


def test_a_run_without_a_conclusion_names_what_was_open_and_it_says_nothing_of() -> None:
    last = runs.last().model_copy(update={"conclusion": _conclusion("nginx is down", "Disk /data is 91 % full")})
    found = compare(None, last)
    assert (found.gap, found.unseen) == ("This run ended without findings.", ("nginx is down", "Disk /data is 91 % full"))
    assert (found.new, found.persisting, found.resolved) == ((), (), ())

"""What the rehearsal model makes of tool results: conditions, findings, the conclusion."""

import json
from typing import Any

import pytest

from agent.builtin.rehearsal.conclusion import conclusion
from agent.builtin.rehearsal.conditions import check
from agent.builtin.rehearsal.findings import find
from agent.builtin.rehearsal.offers import Choice, Offer, choose
from agent.builtin.rehearsal.results import Result, read_result
from agent.builtin.rehearsal.spoken import CONFESSION

SCRATCH, DISK = Offer(name="host__scratch_usage"), Offer(name="host__disk_usage")
CLEAN = Offer(name="host__clean_scratch")


def _result(name: str, data: Any, word: str = "ok", call_id: str = "c00001000") -> Result:
    text = data if isinstance(data, str) else json.dumps(data)
    return read_result("wire", Offer(name=f"host__{name}"), f"call {call_id} host.{name}: {word}\n\n{text}")


def _choice(clause: str) -> Choice:
    return choose(clause, [SCRATCH, DISK, CLEAN])


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        ("clean the scratch directory", True),
        ("clean the scratch directory when it is over 1 MB", True),
        ("clean the scratch directory if it holds more than 3 MB", False),
        ("clean the scratch directory unless it is below 1 MB", True),
        ("clean the scratch directory when it has more than 10 files", False),
        ("clean the scratch directory when it is at least 1 MiB", True),
        ("clean the scratch directory when the moon is full", None),
        ("clean the scratch directory when it is over 40 degrees", None),
    ],
)
def test_a_condition_is_weighed_against_the_figures_of_what_it_speaks_of(clause: str, holds: bool | None) -> None:
    results = [
        _result("disk_usage", {"filesystems": [{"mount": "/", "total_bytes": 9e12}]}),
        _result("scratch_usage", {"total_bytes": 2_000_000, "files": 3, "old_bytes": 5, "older_than_days": 7}),
    ]
    assert check(clause, _choice(clause), results).holds is holds


def test_a_condition_holds_by_no_other_tools_figures() -> None:
    clause = "clean the scratch directory when it is over 1 MB"
    results = [_result("disk_usage", {"total_bytes": 9e12}), _result("scratch_usage", "no such directory", "error")]
    verdict = check(clause, _choice(clause), results)
    assert verdict.holds is None
    assert "when it is over 1 MB" in verdict.reason


def test_a_size_in_plain_text_is_understood() -> None:
    clause = "clean the scratch directory when it is over 1 MB"
    assert check(clause, _choice(clause), [_result("scratch_usage", "3 files, 2.5 MB in all")]).holds


@pytest.mark.parametrize(
    ("name", "data", "title", "severity"),
    [
        ("disk_usage", {"filesystems": [{"mount": "/", "used_percent": 91}]}, "/ is 91 % full", "critical"),
        ("disk_usage", [{"mountpoint": "/data", "percent": 85.5}], "/data is 85.5 % full", "warning"),
        ("memory", {"total_bytes": 1000, "available_bytes": 50}, "5.0 % of the memory is available", "warning"),
        ("load", {"load_5_minutes": 5, "load_15_minutes": 1, "processors": 2}, "The load is 5 on 2 processors", "critical"),
        ("failed_services", {"failed": [{"unit": "nginx.service"}]}, "The service nginx.service has failed", "warning"),
        ("failed_services", {"failed": []}, "No service has failed", "ok"),
        ("recent_errors", {"total": 4, "minutes": 60}, "4 recent errors in the log", "warning"),
        ("certificates", {"certificates": [{"target": "a.pem", "days_left": 3}]}, "a.pem expires in 3 days", "critical"),
        ("certificates", {"certificates": [{"target": "a.pem", "days_left": 29}]}, "a.pem expires in 29 days", "warning"),
        ("certificates", {"certificates": [{"target": "a.pem", "days_left": -2}]}, "a.pem expired 2 days ago", "critical"),
        ("pods_list", "web-1 Running\nweb-2 Running", "host: pods list: web-1 Running", "info"),
    ],
)
def test_figures_become_findings_with_the_call_as_evidence(name: str, data: Any, title: str, severity: str) -> None:
    [found] = find([_result(name, data)])
    assert (found.title, found.severity, found.evidence) == (title, severity, ("c00001000",))


def test_a_conclusion_says_what_was_refused_failed_and_not_to_be_seen() -> None:
    results = [
        _result("disk_usage", {"filesystems": [{"mount": "/", "used_percent": 95}]}),
        _result("memory", "timed out", "error", "c00001001"),
        _result("failed_services", {"is_known": False, "failed": [], "note": "No systemd here."}, call_id="c00002000"),
        _result("clean_scratch", "A person rejected this call.", "not done", "c00003000"),
    ]
    said = conclusion(results, ())
    assert [finding["title"] for finding in said["findings"]] == ["/ is 95 % full", "clean scratch was not done"]
    assert said["unchecked"] == ["memory: timed out", "failed services: No systemd here."]
    assert said["recommendations"] == ["Free space on /, or make it larger."]
    assert "1 critical" in said["summary"]
    assert said["summary"].endswith(CONFESSION)


def test_an_unknown_outcome_comes_first_and_is_a_warning() -> None:
    said = conclusion([_result("clean_scratch", "cut off", "unknown")], ())
    assert said["findings"][0]["title"] == "Whether clean scratch happened is not known"
    assert said["findings"][0]["severity"] == "warning"

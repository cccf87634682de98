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
        ("disk_usage", {"filesystems": [{"mount": "/", "used_percent": 91}]}, "/ is nearly full", "critical"),
        ("disk_usage", [{"mountpoint": "/data", "percent": 85.5}], "/data is nearly full", "warning"),
        ("memory", {"total_bytes": 1000, "available_bytes": 50}, "Memory is short", "warning"),
        ("load", {"load_5_minutes": 5, "load_15_minutes": 1, "processors": 2}, "The load is high", "critical"),
        ("failed_services", {"failed": [{"unit": "nginx.service"}]}, "The service nginx.service has failed", "warning"),
        ("failed_services", {"failed": []}, "No service has failed", "ok"),
        ("recent_errors", {"total": 4, "minutes": 60}, "Recent errors in the log", "warning"),
        (
            "certificates",
            [{"target": "a.pem", "days_left": 3}],
            "The certificate of a.pem expires soon",
            "critical",
        ),
        (
            "certificates",
            [{"target": "a.pem", "days_left": 29}],
            "The certificate of a.pem expires soon",
            "warning",
        ),
        (
            "certificates",
            [{"target": "a.pem", "days_left": -2}],
            "The certificate of a.pem has expired",
            "critical",
        ),
        ("pods_list", "web-1 Running\nweb-2 Running", "Pods list (host)", "info"),
    ],
)
def test_figures_become_findings_with_the_call_as_evidence(name: str, data: Any, title: str, severity: str) -> None:
    [found] = find([_result(name, data)])
    assert (found.title, found.severity, found.evidence) == (title, severity, ("c00001000",))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("scratch_usage", {"total_bytes": 5, "files": 1}, {"total_bytes": 9, "files": 2}),
        ("processes", {"total": 102, "by_status": {"zombie": 0}}, {"total": 99, "by_status": {"zombie": 3}}),
        ("listening_ports", {"ports": [{"port": 1, "is_public": True}]}, {"ports": [{"port": 2, "is_public": True}] * 2}),
        ("disk_usage", {"mount": "/", "used_percent": 40}, {"mount": "/", "used_percent": 41}),
        ("load", {"load_5_minutes": 0.5, "processors": 2}, {"load_5_minutes": 0.6, "processors": 2}),
        ("git_log", "one commit", "two commits"),
    ],
)
def test_a_title_stays_when_only_figures_change(name: str, before: Any, after: Any) -> None:
    [first], [second] = find([_result(name, before)]), find([_result(name, after)])
    assert first.title == second.title
    assert first.detail != second.detail


def test_a_change_is_told_in_words_with_the_way_to_undo_it() -> None:
    data = {"moved_files": 2, "moved_bytes": 2_000_000, "moved_to": "/x", "files": [{"age_days": 30}], "undo": "cp -a /x/. /y/"}
    [found] = find([_result("clean_scratch", data)])
    assert found.title == "Scratch directory cleaned"
    assert found.detail == "2 files of 2.0 MB in all were moved to /x.\nTo undo it: `cp -a /x/. /y/`"


def test_figures_of_an_unknown_tool_are_told_by_their_names() -> None:
    [found] = find([_result("pods_list", {"pods": [{"name": "web", "memory_bytes": 2e9, "restarts": 3}]})])
    assert found.detail == "pods: 1, web memory bytes: 2.0 GB, web restarts: 3"


def test_a_conclusion_says_what_was_refused_failed_and_not_to_be_seen() -> None:
    results = [
        _result("disk_usage", {"filesystems": [{"mount": "/", "used_percent": 95}]}),
        _result("memory", "timed out", "error", "c00001001"),
        _result("failed_services", {"is_known": False, "failed": [], "note": "No systemd here."}, call_id="c00002000"),
        _result("clean_scratch", "A person rejected this call.", "not done", "c00003000"),
    ]
    said = conclusion(results, ())
    assert [finding["title"] for finding in said["findings"]] == ["/ is nearly full", "Scratch directory not cleaned"]
    assert said["unchecked"] == ["memory: timed out", "failed services: No systemd here."]
    assert said["recommendations"] == ["Free space on /, or make it larger."]
    assert "1 critical" in said["summary"]
    assert said["summary"].endswith(CONFESSION)


def test_an_unknown_outcome_comes_first_and_is_a_warning() -> None:
    said = conclusion([_result("clean_scratch", "cut off", "unknown")], ())
    assert said["findings"][0]["title"] == "Whether the scratch directory was cleaned is not known"
    assert said["findings"][0]["severity"] == "warning"

"""Process snapshots: what a run knows, plans and has done at one moment (R6.3)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from blueprint.records import JournalEntry
from blueprint.stream import Asked
from reports.snapshot import process_snapshot, snapshot_title
from tests.reports import runs
from tests.reports.hostile import VALID, tokens


def _page(run: runs.Run, entries: Sequence[JournalEntry], occasion: str = "asked: host.remove_old_files?") -> str:
    return process_snapshot(
        mission=runs.MISSION, task=runs.TASK, record=run.record, entries=entries, requests=run.requests, occasion=occasion
    )


def _until_asked(run: runs.Run) -> list[JournalEntry]:
    place = next(place for place, entry in enumerate(run.entries, start=1) if isinstance(entry.event, Asked))
    return list(run.entries[:place])


def test_at_a_question_it_tells_what_is_known_what_is_planned_and_what_is_open() -> None:
    run = runs.success()
    entries = _until_asked(run)
    page = _page(run, entries)
    assert page.startswith("# Disk inspection, asked: host.remove_old_files?\n")
    assert "step 8 · 2026-11-21 02:00:10 CET" in page
    assert '- Step 4, `host.disk_usage` `{}`: `{"disks": [{"mount": "/"' in page
    assert '- Step 6, `host.failed_services` `{"limit": 20}`, **with an error**: `systemctl is not there`' in page
    assert "The agent's last words: Old scratch files take up room." in page
    assert '- `host.remove_old_files` with `{"directory": "scratch", "older_than_days": 7}`' in page
    assert "## Open question\n\n- host.remove_old_files?\n" in page


def test_before_the_question_is_stored_the_ledger_says_no_more_than_that_nothing_was_done() -> None:
    run = runs.success()
    page = _page(replace(run, requests=()), _until_asked(run))
    assert "## Open question\n\n- host.remove_old_files?\n" in page
    assert page.endswith("## Effect ledger\n\nNo call that changes something was made so far.\n")


def test_the_same_moment_gives_the_same_page_under_the_same_title() -> None:
    run = runs.success()
    entries = _until_asked(run)
    assert _page(run, entries) == _page(run, list(entries))
    assert snapshot_title("before host.restart", entries) == "Snapshot at step 8: before host.restart"


def test_after_a_failure_it_has_the_ledger_with_its_unknown() -> None:
    run = runs.unknown()
    page = _page(run, run.entries, "the run failed")
    assert "| **unknown** | approved by command:alice" in page
    assert "- **console**, asked did host.remove_old_files happen?: **stop**, I can't tell" in page
    assert "## Open question" not in page
    assert "No call is under way." in page


def test_a_run_that_has_done_nothing_has_a_snapshot() -> None:
    page = _page(runs.failure(), [], "the run failed")
    assert "No tool has told anything yet." in page
    assert "No call that changes something was made so far." in page


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_hostile_text_stays_text(text: str) -> None:
    run = runs.rejected()
    entries = [entry.model_copy(update={"event": entry.event.model_copy(update={"text": text})}) for entry in run.entries]
    found = {token.type for token in tokens(_page(run, entries, text))}
    assert not {"html_inline", "html_block", "image", "link_open", "code_block"} & found

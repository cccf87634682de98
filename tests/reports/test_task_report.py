"""The Task Report: whole documents for four runs, and what each part is made from."""

from datetime import timedelta
from pathlib import Path

import pytest

from blueprint.notes import Note, NoteKind
from blueprint.records import JournalEntry, RunState
from blueprint.requests import RequestState
from blueprint.stream import Briefed, Conclusion, Finding, Intended, Noted, Outcome, Returned, Severity, Usage
from reports.task_report import Evidence, ReportLinks, TaskReport, build, task_report
from tests.reports import runs
from tests.reports.hostile import VALID, tokens
from tests.reports.runs import Run

SNAPSHOTS = Path(__file__).parent / "snapshots"
LINKS = ReportLinks(
    run="http://127.0.0.1:4200/v2/runs/flow-run/run-1",
    session="http://127.0.0.1:4200/v2/artifacts/key/session-run-1",
    steps={4: "http://127.0.0.1:4200/v2/artifacts/artifact/4"},
)


def _document(run: Run, *, with_last: bool = False) -> str:
    return task_report(
        mission=runs.MISSION,
        task=runs.TASK,
        record=run.record,
        entries=run.entries,
        requests=run.requests,
        previous=runs.last() if with_last else None,
        links=LINKS,
    )


def _report(run: Run) -> TaskReport:
    return build(record=run.record, entries=run.entries, requests=run.requests, previous=None, timezone="UTC")


@pytest.mark.parametrize(
    ("name", "run"),
    [("success", runs.success()), ("failure", runs.failure()), ("rejected", runs.rejected()), ("unknown", runs.unknown())],
)
def test_a_whole_report_reads_as_in_its_snapshot(name: str, run: Run) -> None:
    assert _document(run, with_last=name == "success") == (SNAPSHOTS / f"task_report_{name}.md").read_text(encoding="utf-8")


def test_figures_are_counted_from_the_journal() -> None:
    figures = _report(runs.success()).figures
    assert (figures.lasted, figures.worked, figures.waited, figures.executions) == (212, 121.6, 90, 2)
    assert (figures.answers, figures.calls, figures.failed_calls, figures.questions) == (2, 3, 1, 1)
    assert figures.usage == Usage(input_tokens=2400, output_tokens=160, cost=0.0042)


def test_actions_and_the_ledger_lead_to_their_steps() -> None:
    run = runs.success()
    links = ReportLinks(steps={11: "https://prefect.example/11"}, previous="https://prefect.example/last")
    page = task_report(
        mission=runs.MISSION,
        task=runs.TASK,
        record=run.record,
        entries=run.entries,
        requests=run.requests,
        previous=runs.last(),
        links=links,
    )
    assert 'older_than_days": 7}` ([step 11](https://prefect.example/11)), approved by' in page
    assert "\n| [11](https://prefect.example/11) | `host.remove_old_files` |" in page
    assert "The last report is of [the run](https://prefect.example/last) that ended" in page


def test_findings_come_by_severity_with_the_steps_that_show_them() -> None:
    critical, info, ok = _report(runs.success()).findings
    assert critical.evidence == (Evidence(step=4, name="host.disk_usage", ending=""),)
    assert critical.unknown == ("c00009000",)
    assert (info.evidence, info.unknown) == ((), ())
    assert ok.finding.severity is Severity.OK


def test_an_approved_change_names_who_approved_it() -> None:
    (action,) = _report(runs.success()).actions
    assert action.name == "host.remove_old_files"
    assert action.leave == "approved by command:alice at 2026-11-21 01:01:42 UTC, who wrote: go ahead, nobody needs them"


def test_a_rejected_call_is_in_the_ledger_as_not_done_and_no_action() -> None:
    report = _report(runs.rejected())
    assert report.actions == ()
    assert [(effect.outcome, effect.leave.split(" by ")[0]) for effect in report.ledger] == [(Outcome.NOT_DONE, "rejected")]


def test_a_change_without_an_answer_is_unknown() -> None:
    run = runs.success()
    cut = tuple(entry for entry in run.entries if not (isinstance(entry.event, Returned) and entry.event.changes))
    (effect,) = _report(Run(record=run.record, entries=cut, requests=run.requests)).ledger
    assert effect.outcome is Outcome.UNKNOWN
    assert effect.leave.endswith("the run ended before an answer came")


def test_a_call_that_nobody_answered_for_is_not_done() -> None:
    run = runs.success()
    expired = run.requests[0].model_copy(update={"answer": None, "state": RequestState.EXPIRED})
    before = run.entries[:8]
    report = _report(Run(record=run.record, entries=before, requests=(expired,)))
    assert [effect.outcome for effect in report.ledger] == [Outcome.NOT_DONE]
    assert report.ledger[0].leave == "asked, no answer by 2026-11-21 04:00:12 UTC"


def test_what_failed_is_listed_as_unchecked_unless_it_worked_later() -> None:
    run = runs.failure()
    assert _report(run).unchecked == ("host.failed_services failed: systemctl is not there",)
    again = JournalEntry(sequence=9, at=runs.START, event=Returned(call=runs.SERVICES, outcome=Outcome.DONE))
    assert _report(Run(record=run.record, entries=(*run.entries, again))).unchecked == ()


def test_a_tool_server_that_was_away_is_listed_as_unchecked() -> None:
    run = runs.failure()
    away = Briefed(system="s", task="t", model="m", missing={"kubernetes": "It does not answer."})
    entries = (JournalEntry(sequence=1, at=runs.START, event=away), *run.entries[1:])
    assert (
        "Tool server 'kubernetes' could not be used: It does not answer."
        in _report(Run(record=run.record, entries=entries)).unchecked
    )


def test_a_run_without_a_conclusion_reports_what_was_noted_until_then() -> None:
    run = runs.failure()
    noted = Noted(note=Note(kind=NoteKind.FINDING, text="The disk / is <b>full</b>."), call_id="c00009000")
    entries = (*run.entries, JournalEntry(sequence=9, at=runs.START, event=noted))
    page = _document(Run(record=run.record, entries=entries, requests=run.requests))
    assert (
        "What the agent had noted until then, not checked by anybody:\n\n- **finding** (step 9): The disk / is &lt;b&gt;full"
        in page
    )


def test_a_read_that_never_came_back_is_listed_as_unchecked() -> None:
    run = runs.failure()
    cut = tuple(entry for entry in run.entries if not isinstance(entry.event, Returned))
    assert sum(isinstance(entry.event, Intended) for entry in cut) == 2
    lost = _report(Run(record=run.record, entries=cut)).unchecked
    assert lost[0] == "host.disk_usage was at work when the run ended; its answer is missing."


def test_findings_are_compared_with_the_last_report_by_title() -> None:
    run = runs.success()
    report = build(record=run.record, entries=run.entries, requests=(), previous=runs.last(), timezone="UTC")
    assert report.comparison
    assert report.comparison.new == ("Somebody forgot the logs",)
    assert report.comparison.persisting == ("Disk /data is 91 % full (was warning, is critical)",)
    assert report.comparison.resolved == ("nginx.service has failed",)


def test_a_run_without_conclusion_calls_no_finding_resolved_and_names_those_that_were_open() -> None:
    run = runs.failure()
    report = build(record=run.record, entries=run.entries, requests=(), previous=runs.last(), timezone="UTC")
    assert report.comparison
    assert report.comparison.resolved == ()
    assert report.comparison.gap == "This run ended without findings."
    written = _document(run, with_last=True)
    assert "It says nothing of what was open then:\n\n- Disk /data is 91 % full\n- nginx.service has failed\n" in written


def test_a_cancelled_run_with_no_step_at_all_has_a_report() -> None:
    record = runs.failure().record.model_copy(update={"state": RunState.CANCELLED, "reason": "cancelled by alice"})
    text = _document(Run(record=record, entries=()))
    assert "# Disk inspection: Cancelled" in text
    assert "**Cancelled**: cancelled by alice" in text


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_hostile_words_bring_nothing_into_a_report(text: str) -> None:
    run, words = runs.success(), f"x {text}"
    conclusion = Conclusion(
        summary=words[:8_000],
        findings=(Finding(title=words[:200], severity=Severity.INFO, detail=words[:8_000], evidence=(words[:500],)),),
        recommendations=(words,),
        unchecked=(words,),
    )
    asked = run.requests[0]
    assert asked.answer
    request = asked.model_copy(update={"answer": asked.answer.model_copy(update={"text": words})})
    record = run.record.model_copy(update={"conclusion": conclusion, "reason": words, "state": RunState.FAILED})
    found = tokens(_document(Run(record=record, entries=run.entries, requests=(request,))))
    links = {str(token.attrGet("href")) for token in found if token.type == "link_open"}
    assert links <= {LINKS.run, LINKS.session}
    assert not {"html_inline", "html_block", "image", "code_block"} & {token.type for token in found}
    assert sum(token.type == "td_open" for token in found) == 5 + 2 * 12


def test_the_time_for_people_is_that_of_all_questions() -> None:
    run = runs.unknown()
    assert _report(run).figures.waited == 180
    open_one = run.requests[1].model_copy(update={"answer": None, "asked_at": runs.START + timedelta(seconds=200)})
    assert _report(Run(record=run.record, entries=run.entries, requests=(open_one,))).figures.waited == 12

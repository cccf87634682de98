"""Steps: names, pages, the session, lines for a terminal."""

import re
from pathlib import Path

import pytest

from blueprint.budget import Measure
from blueprint.notes import Note, NoteKind
from blueprint.policy import Rule
from blueprint.records import JournalEntry
from blueprint.requests import Answer, Decision, Evidence
from blueprint.stream import (
    Answered,
    Asked,
    Condensed,
    Corrected,
    Ended,
    Intended,
    LookedAgain,
    ModelCall,
    Noted,
    Outcome,
    Raised,
    Reasoned,
    Returned,
    Usage,
    Warned,
    Wasted,
)
from reports.html import safe_html
from reports.steps import session_page, step_page, step_title, stream_line
from tests.reports import runs
from tests.reports.hostile import VALID, tokens

NO_TOOL = ModelCall(id="c00001000", wire_name="host__df", raw_arguments="{]", problem="There is no tool 'host__df'.")


def test_each_step_is_named_for_what_it_does() -> None:
    assert [step_title(entry.event) for entry in runs.success().entries] == [
        "brief",
        "reason",
        "host.disk_usage",
        "host.disk_usage",
        "host.failed_services",
        "host.failed_services",
        "reason",
        "ask: host.remove_old_files?",
        "answer: host.remove_old_files?",
        "host.remove_old_files",
        "host.remove_old_files",
        "conclude",
        "end",
    ]


def test_leave_that_was_given_ahead_is_a_step_that_names_it() -> None:
    begun = Intended(call=runs.REMOVE, traits=runs.REMOVES, rule=Rule.ASK, reason="rule r-1 by alice", standing_rule="r-1")
    by_run = begun.model_copy(update={"standing_rule": "", "run_approval": "approve-c00001000"})
    assert [step_title(event) for event in (begun, by_run)] == ["leave: host.remove_old_files"] * 2
    assert "Starts `c00002000`: let through by standing rule `r-1` (rule r-1 by alice)." in step_page(begun, 9, runs.START)
    assert "Starts `c00002000`: approved for this run in `approve-c00001000`." in step_page(by_run, 9, runs.START)


def test_a_look_again_says_what_moved_and_what_is_seen_now() -> None:
    seen = Evidence(call=runs.DISKS, step=4, result="0" * 64, excerpt="95 %")
    moved = LookedAgain(key="approve-c00002000", call_id="c00002000", evidence=(seen,), moved=("It was 91 %.",))
    page = step_page(moved, 9, runs.START)
    assert "**Something has moved: the approval is void, and a person is asked anew.**\n\n- It was 91 %.\n" in page
    assert "**What is seen of it now:**\n\n- `host.disk_usage` with `{}` (step 4): `95 %`" in page
    assert "is as it was" in step_page(moved.model_copy(update={"moved": ()}), 9, runs.START)


def test_a_session_is_the_whole_run_in_order() -> None:
    run = runs.success()
    page = session_page(runs.MISSION, runs.TASK, run.record, run.entries)
    assert page == (Path(__file__).parent / "snapshots" / "session.md").read_text(encoding="utf-8")


def test_long_results_are_folded_in_the_session_and_open_on_their_own_page() -> None:
    event = Returned(call=runs.DISKS, outcome=Outcome.DONE, text="line\n" * 500, size=2_500)
    entry = runs.success().entries[0].model_copy(update={"event": event})
    session = session_page(runs.MISSION, runs.TASK, runs.success().record, [entry])
    assert "<details>\n<summary>Result, 2,500 characters</summary>\n" in session
    assert "<details>" not in step_page(event, 4, runs.START)
    assert "<details>\n<summary>" in safe_html(session)


def test_a_call_that_can_not_be_done_shows_what_the_model_wrote() -> None:
    page = step_page(Reasoned(text="", reasoning="hm", calls=(NO_TOOL,)), 2, runs.START)
    assert "Calls `host__df` as `c00001000`, which can't be done: There is no tool 'host__df'." in page
    assert "```\n{]\n```" in page


def test_the_step_that_asks_keeps_what_was_shown_and_the_one_that_answers_says_what_was_read() -> None:
    request = runs.unknown().requests[0]
    asked = step_page(Asked(key="k", title=request.title, question=request.question), 7, runs.START)
    assert "The agent wants to make **exactly this call**" in asked
    assert "**Risk:**" in asked
    assert "Answer by" not in asked
    answer = Answer(decision=Decision.REJECT, text="No. Switch to plan B.", is_read=True, by="link:Alice", at=runs.START)
    page = step_page(Answered(key="k", title=request.title, answer=answer), 8, runs.START)
    assert "**link:Alice** answered: **reject**, read from the words below" in page
    assert "Switch to plan B." in page


def test_a_result_that_is_kept_whole_says_where_it_is_and_how_to_see_it() -> None:
    kept, files = "missions/m/results/r/c00001000.txt", ("missions/m/results/r/c00001000.png",)
    page = step_page(
        Returned(call=runs.DISKS, outcome=Outcome.DONE, text="…", size=50_000_000, kept=kept, files=files), 4, runs.START
    )
    assert f"The whole result is kept as `{kept}` in the data directory; `missions result RUN {runs.DISKS.id}` prints it." in page
    assert f"A file of it is kept as `{files[0]}` in the data directory." in page


def test_what_keeps_a_long_run_in_bounds_has_steps_of_its_own() -> None:
    events = (
        Warned(about=Measure.STEPS, limit=60, text="This run has used 48 of 60 steps."),
        Raised(measure=Measure.STEPS, limit=120, text="A person allows this run 60 steps more."),
        Noted(note=Note(kind=NoteKind.FINDING, text="The disk is full.", evidence=("c00001000",)), call_id="c00002000"),
        Condensed(answers=40, text="- You said: I look on.", tokens_before=28_000, tokens_after=14_000),
    )
    entry = runs.success().entries[0]
    lines = [stream_line(entry.model_copy(update={"event": event})).partition("#1")[2].strip() for event in events]
    assert lines == [
        "warn: steps: This run has used 48 of 60 steps.",
        "raise: steps: A person allows this run 60 steps more.",
        "note: finding: The disk is full.",
        "condense: 40 answers; 28,000 tokens become 14,000",
    ]
    pages = [step_page(event, 7, runs.START) for event in events]
    assert "The agent notes:\n\nThe disk is full.\n\nIt names `c00001000`." in pages[2]
    assert "Instead of its first 40 answers and their results the model reads from here on:" in pages[3]


def test_a_run_with_no_step_has_a_session() -> None:
    record = runs.success().record.model_copy(update={"is_waiting": True})
    page = session_page(runs.MISSION, runs.TASK, record, [])
    assert "waiting for a person" in page
    assert "Nothing has happened yet." in page


def test_lines_for_a_terminal_say_what_happened() -> None:
    lines = [stream_line(entry, "Europe/Berlin") for entry in runs.rejected().entries]
    assert lines[1] == (
        "02:00:04  #2   reason: I look at the disks and the services first. → host.disk_usage, host.failed_services"
    )
    assert lines[5:10] == [
        "02:00:08  #6   host.failed_services: error in 0.1 s: systemctl is not there",
        "02:00:09  #7   reason: Old scratch files take up room. → host.remove_old_files",
        "02:00:10  #8   ask: host.remove_old_files? (waiting for a person)",
        "02:00:11  #9   answer: host.remove_old_files? reject by command:alice: not before the backup",
        "02:00:12  #10  host.remove_old_files: not done in 0 s: A person rejected this call; it was not made."
        " They wrote: not before the backup",
    ]


def test_an_answer_that_was_cut_before_its_first_word_says_so() -> None:
    entry = JournalEntry(sequence=2, at=runs.START, event=Reasoned(text=""))
    assert stream_line(entry, "UTC").endswith("#2   reason: no words and no call")


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_hostile_text_in_any_step_stays_text(text: str) -> None:
    call = runs.REMOVE.model_copy(update={"tool": text, "arguments": {"path": text}})
    answer = Answer(decision=Decision.ANSWER, text=text, answers=(text,), choice=text, by=text, at=runs.START)
    events = (
        Reasoned(text=text, reasoning=text, calls=(ModelCall(id="c1", wire_name=text, raw_arguments=text, problem=text),)),
        Returned(call=call, outcome=Outcome.UNKNOWN, is_error=True, text=text, changes=True),
        Corrected(text=text),
        Warned(about="loop", limit=3, text=text),
        Raised(measure=Measure.TOKENS, limit=3, text=text),
        Noted(note=Note(kind=NoteKind.FINDING, text=text[:2_000], evidence=(text,)), call_id="c1"),
        Condensed(answers=1, text=text),
        Asked(key="k", title=text),
        Answered(key="k", title=text, answer=answer),
        Ended(state="Failed", reason=text),
    )
    for event in events:
        found = {token.type for token in tokens(step_page(event, 1, runs.START))}
        assert not {"html_inline", "html_block", "image", "link_open", "code_block"} & found
        line = stream_line(runs.success().entries[0].model_copy(update={"event": event}))
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)
        assert "\n" not in step_title(event)
        assert len(step_title(event)) <= 120


def test_a_request_that_gave_nothing_says_what_it_took() -> None:
    wasted = Wasted(usage=Usage(input_tokens=1_400, output_tokens=6))
    assert "1,400 tokens in, 6 out." in step_page(wasted, 3, runs.START)
    entry = JournalEntry(sequence=3, at=runs.START, event=wasted)
    assert stream_line(entry).endswith("no answer: 1,406 tokens went into requests that gave nothing usable")


def test_a_step_links_the_whole_of_what_the_model_saw_in_part() -> None:
    kept, picture = "missions/hosts/results/r/c00001000.txt", "missions/hosts/results/r/c00001000.png"
    seen = Returned(call=runs.DISKS, outcome=Outcome.DONE, text="…", size=50_000_000, kept=kept, files=(picture,))
    page = step_page(seen, 3, runs.START, links={kept: "http://s/result/a.b", picture: "http://s/result/c.d"})
    assert "[Open the whole result](http://s/result/a.b), 50,000,000 characters." in page
    assert "[Save the file](http://s/result/c.d)." in page
    assert "](" not in step_page(seen, 3, runs.START)

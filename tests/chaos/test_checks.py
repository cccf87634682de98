"""The checks of a trial see what they are there for: each kind of loss and of repetition is named with its place."""

from datetime import UTC, datetime

import pytest

from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.records import JournalEntry
from blueprint.requests import Decision
from blueprint.stream import Intended, Outcome, Returned, StreamEvent
from tests.chaos.checks import check
from tests.chaos.evidence import RunSeen, Seen
from tests.chaos.script import Script, Step
from tests.chaos.word import Given, Word

CALL = ToolCall(id="c00001000", server="counter", tool="count", arguments={"text": "one"})
CHANGES = ToolTraits(read_only=False, destructive=True)
NOT_ENDED = "it has not ended; Prefect shows 'Running'"


def _intended(attempt: int = 1) -> Intended:
    return Intended(call=CALL, traits=CHANGES, rule=Rule.AUTO, reason="a rule", attempt=attempt)


def _returned(outcome: Outcome) -> Returned:
    return Returned(call=CALL, outcome=outcome, changes=True)


def _broken(*events: StreamEvent, effects: int = 0, calls: int = 0, given: tuple[Given, ...] = (), forged: str = "") -> list[str]:
    """What the checks say of one run without a record that wrote these events."""
    now = datetime.now(UTC)
    run = RunSeen(
        run_id="r1",
        script=Script(name="run1", freely=True, steps=(Step(kind="count", text="one", before=0, after=0),)),
        record=None,
        entries=[JournalEntry(sequence=place, at=now, event=event) for place, event in enumerate(events, start=1)],
        requests=[],
        shown="Running",
        is_over=False,
        report="",
        audit_break=forged,
    )
    seen = Seen(runs=[run], effects={"one": effects}, calls={"one": calls}, given=given)
    return [place.what for guarantee in check(seen) for place in guarantee.broken]


@pytest.mark.parametrize(
    ("events", "effects", "calls", "found"),
    [
        pytest.param([_intended(), _returned(Outcome.DONE)], 1, 1, [], id="done once"),
        pytest.param([_intended(), _returned(Outcome.DONE)], 0, 1, ["0 effects, and the ledger says 1 done"], id="lost"),
        pytest.param(
            [_intended(), _returned(Outcome.NOT_DONE)], 1, 1, ["1 effects, and the ledger says 1 not done"], id="denied"
        ),
        pytest.param([], 1, 1, ["1 effects, and the ledger says nothing", "sent 1 times for 0 calls"], id="unrecorded"),
        pytest.param([_intended(), _returned(Outcome.DONE)], 1, 2, ["sent 2 times for 1 calls"], id="sent twice"),
        pytest.param([_intended(), _intended(2), _returned(Outcome.DONE)], 1, 1, ["intended 2 times"], id="repeated"),
        pytest.param([_intended(), *[_returned(Outcome.DONE)] * 2], 1, 1, ["2 results"], id="finished twice"),
        pytest.param([_intended()], 1, 1, ["the report does not say that its outcome is unknown"], id="unknown in silence"),
    ],
)
def test_the_checks_find_what_was_lost_or_happened_twice(
    events: list[StreamEvent], effects: int, calls: int, found: list[str]
) -> None:
    assert _broken(*events, effects=effects, calls=calls) == [*found, NOT_ENDED]


def test_the_checks_find_an_accepted_answer_that_does_not_count() -> None:
    given = Given(door="command", run_id="r1", key="approve-c1", by="chaos:1", decision=Decision.APPROVE, word=Word.ACCEPTED)
    assert _broken(given=(given,)) == ["command took approve of chaos:1; no answer counts", NOT_ENDED]


def test_the_checks_find_an_audit_record_that_does_not_hold() -> None:
    assert _broken(forged="Entry 2 is missing.") == [NOT_ENDED, "Entry 2 is missing."]

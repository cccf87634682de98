"""Which version a Draft has, whatever was shown, confirmed or refused while people talked about it (R2.4, R3.5)."""

from datetime import UTC, datetime, timedelta

import pytest

from blueprint.proposals import accepted_versions, draft_version, version_to_show
from blueprint.requests import Answer, Decision, Request, RequestState, ReviewQuestion

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def review(version: int, *, replaces: int | None = None, said: str = "", at: int = 0, run: str = "talk") -> Request:
    """A plan that was shown, and what was answered at which minute."""
    answer = Answer(decision=Decision(said), by="test", at=NOW + timedelta(minutes=at)) if said else None
    return Request(
        run_id=run if replaces else "create",
        mission_id="one",
        key=f"review-{version}",
        title="Launch?",
        question=ReviewQuestion(plan_version=version, plan_digest="d", page="# Plan", replaces=replaces),
        asked_at=NOW,
        deadline=NOW + timedelta(hours=3),
        state=RequestState.ANSWERED if said else RequestState.OPEN,
        answer=answer,
    )


FIRST = review(1)
CASES: dict[str, tuple[list[int], list[Request], int | None]] = {
    "no plan yet": ([], [], None),
    "the first, not even shown": ([1], [], 1),
    "a proposal nobody has answered": ([1, 2], [FIRST, review(2, replaces=1)], 1),
    "a proposal of a conversation that was killed before it could ask": ([1, 2, 3], [FIRST, review(3, replaces=1)], 1),
    "a proposal refused": ([1, 2], [FIRST, review(2, replaces=1, said="keep_draft")], 1),
    "a proposal confirmed": ([1, 2], [FIRST, review(2, replaces=1, said="launch")], 2),
    "another one open beside it": ([1, 2, 3], [FIRST, review(2, replaces=1, said="launch"), review(3, replaces=1)], 2),
    "two confirmed, the older proposal first": (
        [1, 2, 3],
        [FIRST, review(2, replaces=1, said="launch", at=1), review(3, replaces=1, said="launch", at=2)],
        2,
    ),
    "two confirmed, the newer proposal first": (
        [1, 2, 3],
        [FIRST, review(2, replaces=1, said="launch", at=2), review(3, replaces=1, said="launch", at=1)],
        3,
    ),
    "one upon the other": (
        [1, 2, 3],
        [FIRST, review(2, replaces=1, said="launch", at=1), review(3, replaces=2, said="launch", at=2)],
        3,
    ),
    "the creation writes the next": ([1, 2], [review(1, said="change"), review(2)], 2),
    "the creation shows what a proposal was": ([1, 2], [FIRST, review(2, replaces=1, said="keep_draft"), review(2)], 2),
}


@pytest.mark.parametrize(("versions", "asked", "expected"), CASES.values(), ids=CASES.keys())
def test_a_draft_has_what_was_made_for_it_or_confirmed(versions: list[int], asked: list[Request], expected: int | None) -> None:
    assert draft_version(versions, asked) == expected


def test_a_proposal_confirmed_against_a_plan_that_was_replaced_is_not_accepted() -> None:
    both = [FIRST, review(2, replaces=1, said="launch", at=1), review(3, replaces=1, said="launch", at=2)]
    assert accepted_versions([1, 2, 3], both) == [2]


def test_the_creation_writes_what_is_wished_and_shows_again_what_was_changed_behind_its_back() -> None:
    assert version_to_show([], [], "create") is None
    assert version_to_show([1], [], "create") == 1, "killed before it was shown"
    assert version_to_show([1, 2], [review(1, said="change"), review(2, replaces=1, said="launch")], "create") is None
    assert version_to_show([1, 2, 3], [review(1, said="change"), review(2, replaces=1)], "create") == 3
    assert version_to_show([1, 2], [review(1, said="launch"), review(2, replaces=1, said="launch")], "create") == 2

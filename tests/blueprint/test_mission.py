"""Which states of a Mission follow which (R3.1)."""

from datetime import UTC, datetime
from itertools import product

import pytest
from pydantic import ValidationError

from blueprint.errors import ForbiddenTransition, InvalidInput
from blueprint.mission import Mission, MissionState, check_not_deleted, check_transition

DRAFT, ACTIVE, PAUSED, DELETED = MissionState
ALLOWED = {
    (DRAFT, ACTIVE),
    (ACTIVE, PAUSED),
    (PAUSED, ACTIVE),
    (DRAFT, DELETED),
    (ACTIVE, DELETED),
    (PAUSED, DELETED),
}
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def _mission(state: MissionState) -> Mission:
    return Mission(id="m-1", title="Host", goal="Look.", state=state, created_at=NOW, active_at=NOW)


@pytest.mark.parametrize(("current", "wanted"), sorted(ALLOWED))
def test_a_change_that_the_states_allow_is_allowed(current: MissionState, wanted: MissionState) -> None:
    check_transition(_mission(current), wanted)


@pytest.mark.parametrize(("current", "wanted"), sorted(set(product(MissionState, MissionState)) - ALLOWED))
def test_any_other_change_is_refused_with_a_sentence_that_names_both_states(current: MissionState, wanted: MissionState) -> None:
    with pytest.raises(ForbiddenTransition) as refusal:
        check_transition(_mission(current), wanted)
    assert str(refusal.value).startswith(f"Mission 'm-1' is {current} and can't become {wanted}; ")
    assert all(str(state) in str(refusal.value) for _, state in sorted(ALLOWED) if _ is current)


def test_a_refused_change_says_which_ways_there_are() -> None:
    with pytest.raises(ForbiddenTransition, match="it can become Active or Deleted"):
        check_transition(_mission(PAUSED), DRAFT)
    with pytest.raises(ForbiddenTransition, match="that is final"):
        check_transition(_mission(DELETED), ACTIVE)


@pytest.mark.parametrize("name", ["", "M-1", "a b", "-a", "ä", "a/b", "a\n", "x" * 64])
def test_an_id_that_is_not_safe_as_a_name_everywhere_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Mission(id=name, title="Host", goal="Look.", created_at=NOW, active_at=NOW)


def test_nothing_is_written_about_a_mission_that_is_being_deleted() -> None:
    for state in (DRAFT, ACTIVE, PAUSED):
        check_not_deleted(_mission(state), "say about it")
    with pytest.raises(InvalidInput, match=r"^Mission 'm-1' is being deleted; there is nothing more to say about it\.$"):
        check_not_deleted(_mission(DELETED), "say about it")

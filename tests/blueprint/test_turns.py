"""Whose turn it is at a busy Task: first in, first out, or the newest instead of the oldest (R2.8)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from blueprint.plan import Strategy, WhenBusy
from blueprint.records import QueuedFire, RunRecord, StartedBy
from blueprint.turns import Turns, take_turns

NOW = datetime(2027, 1, 5, 12, tzinfo=UTC)


def _run(number: int) -> RunRecord:
    at = NOW + timedelta(minutes=number)
    return RunRecord(
        id=f"run-{number}", mission_id="m", task="t", plan_version=1, started_by=StartedBy.EVENT, scheduled_for=at, started_at=at
    )


def _fire(number: int) -> QueuedFire:
    return QueuedFire(run_id=f"fire-{number}", mission_id="m", task="t", started_by=StartedBy.EVENT, scheduled_for=NOW, at=NOW)


def _turns(when_busy: WhenBusy, running: int, queue: int, concurrency: int = 1) -> tuple[list[str], list[str], list[str]]:
    """Ids that start, that are cancelled, that are dropped."""
    strategy = Strategy(concurrency=concurrency, when_busy=when_busy)
    turns = take_turns(
        strategy, [_run(number) for number in reversed(range(running))], [_fire(number) for number in range(queue)]
    )
    started, dropped = [fire.run_id for fire in turns.start], [fire.run_id for fire in turns.drop]
    return started, [run.id for run in turns.cancel], dropped


def test_the_queue_waits_while_the_task_is_busy_and_the_first_comes_first() -> None:
    assert _turns(WhenBusy.QUEUE, running=1, queue=3) == ([], [], [])
    assert _turns(WhenBusy.QUEUE, running=0, queue=3) == (["fire-0"], [], [])
    assert _turns(WhenBusy.QUEUE, running=1, queue=3, concurrency=3) == (["fire-0", "fire-1"], [], [])


def test_the_newest_fire_takes_the_place_of_the_oldest_run_and_of_fires_before_it() -> None:
    assert _turns(WhenBusy.CANCEL_OLDER, running=1, queue=1) == ([], ["run-0"], [])
    assert _turns(WhenBusy.CANCEL_OLDER, running=1, queue=3) == ([], ["run-0"], ["fire-0", "fire-1"])
    assert _turns(WhenBusy.CANCEL_OLDER, running=3, queue=1, concurrency=3) == ([], ["run-0"], [])
    assert _turns(WhenBusy.CANCEL_OLDER, running=0, queue=2) == (["fire-1"], [], ["fire-0"])


def test_no_more_is_cancelled_than_the_new_ones_need() -> None:
    assert _turns(WhenBusy.CANCEL_OLDER, running=1, queue=1, concurrency=2) == (["fire-0"], [], [])


def test_what_queued_while_an_older_plan_was_in_force_goes_on_in_turn() -> None:
    assert _turns(WhenBusy.SKIP, running=0, queue=2) == (["fire-0"], [], [])


@given(st.sampled_from(WhenBusy), st.integers(1, 4), st.integers(0, 6), st.integers(0, 6))
def test_there_are_never_more_runs_than_allowed_and_nothing_is_forgotten(
    when_busy: WhenBusy, concurrency: int, running: int, queue: int
) -> None:
    started, cancelled, dropped = _turns(when_busy, running, queue, concurrency)
    assert len(started) + running <= max(concurrency, running)
    assert not set(started) & set(dropped)
    assert len(started) + len(dropped) + len(cancelled) > 0 or queue == 0 or running >= concurrency
    if when_busy is not WhenBusy.CANCEL_OLDER:
        assert cancelled == dropped == []


def test_an_empty_queue_changes_nothing() -> None:
    assert take_turns(Strategy(when_busy=WhenBusy.CANCEL_OLDER), [_run(0), _run(1)], []) == Turns()


def test_a_fire_that_has_begun_since_the_queue_was_read_makes_no_room_for_itself_nor_for_what_is_over() -> None:
    strategy, begun = Strategy(when_busy=WhenBusy.CANCEL_OLDER), _run(1).model_copy(update={"id": "fire-0"})
    assert take_turns(strategy, [begun], [_fire(0)]) == Turns()
    assert take_turns(strategy, [_run(1)], [_fire(0)]) == Turns()

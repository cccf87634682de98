"""What is sent to a channel at once, what later, and when again (R7.3)."""

from datetime import timedelta

from blueprint.bundling import BURST, MOST_ALONE, MOST_TOGETHER, Due, bundles, pause_after
from blueprint.records import Message
from tests.blocks.examples import NOW


def due(name: str, event: str = "report", *, bundle: str = "", attempts: int = 0) -> Due:
    known = {"id": name, "mission_id": "hosts", "event": event, "title": name, "body": "", "at": NOW}
    return Due(channel="ops", message=Message.model_validate(known), bundle=bundle, attempts=attempts)


def made(*some: Due, used_before: timedelta | None = None, is_failing: bool = False) -> list[list[str]]:
    last = NOW - used_before if used_before is not None else None
    return [bundle.message_ids for bundle in bundles(some, last_used=last, is_failing=is_failing, now=NOW)]


def test_one_message_goes_alone_and_several_go_as_one_list() -> None:
    assert made(due("a")) == [["a"]]
    assert made(due("a"), due("b"), due("c")) == [["a", "b", "c"]]


def test_what_does_not_press_waits_after_the_channel_was_used_and_a_request_does_not() -> None:
    just_now = timedelta(seconds=1)
    assert made(due("a"), used_before=just_now) == []
    assert made(due("a"), due("b", "request"), used_before=just_now) == [["b"]]
    assert made(due("a"), used_before=BURST) == [["a"]]


def test_a_few_requests_go_one_by_one_and_many_as_one_list() -> None:
    few = [due(f"r{number}", "request") for number in range(MOST_ALONE)]
    assert made(*few) == [["r0"], ["r1"], ["r2"]]
    assert made(*few, due("r3", "request")) == [["r0", "r1", "r2", "r3"]]


def test_a_long_list_is_cut_into_several() -> None:
    assert [len(part) for part in made(*[due(f"m{number}") for number in range(MOST_TOGETHER + 5)])] == [MOST_TOGETHER, 5]


def test_what_may_have_arrived_goes_again_as_it_was_under_its_old_id() -> None:
    tried = [due("a", bundle="x", attempts=1), due("b", bundle="x", attempts=1)]
    [again, fresh] = bundles([*tried, due("c")], last_used=None, is_failing=False, now=NOW)
    assert (again.id, again.message_ids, again.attempts) == ("x", ["a", "b"], 1)
    assert fresh.message_ids == ["c"]


def test_equal_messages_have_an_equal_id_and_others_another() -> None:
    [[one], [same], [other]] = (bundles([due(name)], last_used=None, is_failing=False, now=NOW) for name in ("a", "a", "b"))
    assert one.id == same.id != other.id


def test_a_channel_that_fails_is_tried_with_what_was_tried_least() -> None:
    assert made(due("a", bundle="x", attempts=9), due("b"), is_failing=True) == [["b"]]
    assert made(due("a", "request"), due("b", "request"), is_failing=True) == [["a"]]
    assert made(is_failing=True) == []


def test_pauses_grow_to_ten_minutes() -> None:
    assert [pause_after(failures).total_seconds() for failures in (1, 2, 3, 8, 100)] == [5, 10, 20, 600, 600]

"""Rounds: a Task runs after others succeeded in the same round, once a round, whatever order they end in (R2.6)."""

from collections.abc import Sequence
from itertools import count as numbers
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.records import RunState, StartedBy
from blueprint.rounds import Book, Round, UpstreamEnd, count

OK, BAD, MENDED = RunState.SUCCESS, RunState.FAILED, "mended"
"""How an upstream run ends; mended: with success, started by hand."""

Said = tuple[str, RunState | str]


def _ends(*said: Said) -> list[UpstreamEnd]:
    """Ends in this order; the run's id is the Task's name and its number."""
    return [
        UpstreamEnd(
            place=place,
            run_id=f"{task}{place}",
            task=task,
            state=RunState.SUCCESS if how == MENDED else RunState(how),
            started_by=StartedBy.MANUAL if how == MENDED else StartedBy.CRON,
        )
        for place, (task, how) in enumerate(said, start=1)
    ]


def _rounds(*said: Said, after: Sequence[str] = ("a", "b")) -> list[str]:
    """The rounds in short: their runs, and '!' behind those for which the Task does not run."""
    return [_short(one) for one in count(Book.begun(after, 0), _ends(*said)).rounds]


def _short(one: Round) -> str:
    return " ".join(end.run_id + ("" if end.is_success else "!") for end in one.ends)


def test_a_round_closes_with_the_first_end_of_the_last_upstream() -> None:
    assert _rounds(("a", OK)) == []
    assert _rounds(("a", OK), ("b", OK)) == ["a1 b2"]
    assert _rounds(("b", OK), ("a", OK), ("a", OK), ("b", OK)) == ["a2 b1", "a3 b4"]


def test_of_an_upstream_that_ends_twice_in_a_round_the_latest_counts() -> None:
    assert _rounds(("a", OK), ("a", OK), ("b", OK)) == ["a2 b3"]
    assert _rounds(("a", BAD), ("a", OK), ("b", OK)) == ["a2 b3"]
    assert _rounds(("a", OK), ("a", BAD), ("b", OK)) == ["a2! b3"]


def test_a_failed_or_cancelled_upstream_is_named_and_the_next_round_is_a_new_one() -> None:
    assert _rounds(("a", OK), ("b", BAD), ("a", OK), ("b", OK)) == ["a1 b2!", "a3 b4"]
    [closed] = count(Book.begun(("a", "b"), 0), _ends(("a", RunState.CANCELLED), ("b", OK))).rounds
    assert [end.said for end in closed.failed] == ["run a1 of 'a' ended with Cancelled"]


def test_what_failed_and_is_run_again_by_hand_takes_its_place_while_no_newer_round_is_open() -> None:
    assert _rounds(("a", OK), ("b", BAD), ("b", MENDED)) == ["a1 b2!", "a1 b3"]
    assert _rounds(("a", BAD), ("b", BAD), ("b", MENDED), ("a", MENDED)) == ["a1! b2!", "a1! b3", "a4 b3"]
    assert _rounds(("a", OK), ("b", BAD), ("a", OK), ("b", MENDED)) == ["a1 b2!", "a3 b4"]
    assert _rounds(("a", OK), ("b", BAD), ("b", OK), ("a", OK)) == ["a1 b2!", "a4 b3"], "no person ran it again"


def test_a_run_by_hand_of_what_succeeded_opens_a_round_of_its_own() -> None:
    assert _rounds(("a", OK), ("b", OK), ("b", MENDED), ("a", OK)) == ["a1 b2", "a4 b3"]
    assert _rounds(("a", OK), ("b", BAD), ("a", MENDED), ("b", MENDED)) == ["a1 b2!", "a3 b4"]


def test_a_single_upstream_makes_a_round_of_each_of_its_runs() -> None:
    assert _rounds(("a", OK), ("a", BAD), ("a", MENDED), ("x", OK), after=("a",)) == ["a1", "a2!", "a3"]


def test_other_tasks_and_ends_before_the_plan_came_into_force_do_not_count() -> None:
    book = Book.begun(("a", "b"), 2)
    counted = count(book, _ends(("a", OK), ("b", OK), ("x", OK), ("b", OK), ("a", OK)))
    assert [_short(one) for one in counted.rounds] == ["a5 b4"]


def test_the_same_runs_make_the_same_round_and_others_another() -> None:
    [one], [again], [other] = (
        count(Book.begun(after, 0), _ends(*ends)).rounds
        for after, ends in [
            (("a", "b"), [("a", OK), ("b", OK)]),
            (("b", "a", "a"), [("a", OK), ("b", OK)]),
            (("a", "b"), [("b", OK), ("a", OK)]),
        ]
    )
    assert one.id == again.id != other.id


HOW = st.sampled_from([OK, OK, OK, BAD, RunState.CANCELLED, MENDED])
HISTORY = st.lists(st.tuples(st.sampled_from("abx"), HOW), max_size=40)


@given(HISTORY, st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=200)
def test_it_does_not_matter_in_how_many_looks_the_ends_are_seen_nor_how_often(history: list[Said], cuts: list[int]) -> None:
    ends = _ends(*history)
    book, rounds = Book.begun(("a", "b"), 0), list[Round]()
    for cut in sorted(cuts):
        seen = count(book, ends[:cut])
        book, rounds = seen.book, [*rounds, *seen.rounds]
    rest = count(book, ends)
    assert [*rounds, *rest.rounds] == list(count(Book.begun(("b", "a"), 0), ends).rounds)


@given(HISTORY)
@settings(max_examples=200)
def test_no_run_is_in_two_rounds_but_for_one_that_was_mended(history: list[Said]) -> None:
    rounds = count(Book.begun(("a", "b"), 0), _ends(*history)).rounds
    due = [one for one in rounds if not one.failed]
    used = [end.run_id for one in due for end in one.ends]
    assert len(used) == len(set(used))
    assert len({one.id for one in rounds}) == len(rounds)
    assert all(one.tasks == ("a", "b") for one in rounds)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([OK, BAD])), max_size=60))
@settings(max_examples=200)
def test_rounds_are_as_defined_whatever_the_order(history: list[Said]) -> None:
    """From the last close on, up to where each has ended once; the latest of each in there."""
    ends, expected, since = _ends(*history), list[list[str]](), 0
    while all(firsts := [[one.place for one in ends if one.task == task and one.place > since][:1] for task in "abc"]):
        closed = max(place for [place] in firsts)
        within = [one for one in ends if since < one.place <= closed]
        expected.append([max((one.place, one.run_id) for one in within if one.task == task)[1] for task in "abc"])
        since = closed
    rounds = count(Book.begun("abc", 0), ends).rounds
    assert [[end.run_id for end in one.ends] for one in rounds] == expected


DIAMOND = {"c": ("a", "b"), "d": ("c",)}


@given(
    st.lists(st.tuples(st.sampled_from("ab"), HOW), max_size=30), st.lists(HOW, max_size=30), st.randoms(use_true_random=False)
)
@settings(max_examples=100)
def test_in_a_diamond_c_and_d_run_once_for_each_good_round_in_any_order(
    history: list[Said], of_c: list[RunState | str], random: Random
) -> None:
    """A and B end as `history` says; each run of C that is due ends as `of_c` says, some time later, and D may be due then."""
    places, ends = numbers(1), list[UpstreamEnd]()
    books = {task: Book.begun(after, 0) for task, after in DIAMOND.items()}
    due: dict[str, list[Round]] = {"c": [], "d": []}
    under_way = list[str]()

    def end(task: str, run_id: str, how: RunState | str) -> None:
        [one] = _ends((task, how))
        ends.append(one.model_copy(update={"place": next(places), "run_id": run_id}))
        for other in DIAMOND:
            seen = count(books[other], ends)
            books[other] = seen.book
            for closed in seen.rounds:
                if not closed.failed:
                    due[other].append(closed)
                    under_way.extend([f"c-{closed.id}"] if other == "c" else [])

    outcomes = iter(of_c)
    for number, (task, how) in enumerate(history):
        end(task, f"{task}{number}", how)
        while under_way and random.random() < 0.5:
            end("c", under_way.pop(random.randrange(len(under_way))), next(outcomes, OK))
    while under_way:
        end("c", under_way.pop(0), next(outcomes, OK))
    ended_c = [one for one in ends if one.task == "c"]
    assert len(ended_c) == len(due["c"]) == len({one.id for one in due["c"]})
    good = [one.run_id for one in ended_c if one.is_success]
    assert [one.ends[0].run_id for one in due["d"]] == good

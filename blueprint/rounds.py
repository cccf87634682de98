"""Rounds of dependencies: when a Task that runs after others is due, and with whose reports (R2.6).

Runs of the upstream Tasks count in the order in which they end. A round opens with the first end after the last round
closed, keeps the latest end of each upstream Task, and closes when each has one. When all of these are successes, the
Task is due, once for this round; else it does not run. Until a new round opens, a person may run what failed again: a
success by hand takes the failed one's place in the round that closed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from blueprint.records import RunState, StartedBy
from blueprint.values import Value, digest


class UpstreamEnd(Value):
    """How one run of an upstream Task ended."""

    place: int = Field(description="Where it stands in the order of all ends.")
    run_id: str
    task: str
    state: RunState
    started_by: StartedBy

    @property
    def is_success(self) -> bool:
        """Whether it lets what comes after it run."""
        return self.state is RunState.SUCCESS

    @property
    def said(self) -> str:
        """What is wrong with it, for a sentence."""
        return f"run {self.run_id} of {self.task!r} ended with {self.state}"


class Round(Value):
    """A round that closed: one end for each upstream Task, in the order of the Tasks' names."""

    ends: tuple[UpstreamEnd, ...]

    @property
    def id(self) -> str:
        """16 hex digits, the same for the same runs."""
        return digest([end.run_id for end in self.ends])[:16]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The upstream Tasks."""
        return tuple(end.task for end in self.ends)

    @property
    def failed(self) -> tuple[UpstreamEnd, ...]:
        """The ends for which the Task does not run; when empty, it is due."""
        return tuple(end for end in self.ends if not end.is_success)


class Book(Value):
    """What is known of the rounds of one Task up to `counted`, the place of the last end that it has seen."""

    after: tuple[str, ...]
    counted: int = 0
    open: tuple[UpstreamEnd, ...] = ()
    last: Round | None = None

    @classmethod
    def begun(cls, after: Iterable[str], counted: int) -> "Book":
        """An empty one: ends up to `counted` belong to no round."""
        return cls(after=tuple(sorted(set(after))), counted=counted)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The book after some more ends, and the rounds that closed, or became due, with them."""

    book: Book
    rounds: tuple[Round, ...]


def count(book: Book, ends: Sequence[UpstreamEnd]) -> Counted:
    """Count the ends that the book has not seen, in their order; the others change nothing."""
    closed: list[Round] = []
    for end in sorted(ends, key=lambda one: one.place):
        if end.place <= book.counted or end.task not in book.after:
            continue
        book = _with(book, end)
        if not book.open and book.last is not None:
            closed.append(book.last)
    return Counted(book=book, rounds=tuple(closed))


def _with(book: Book, end: UpstreamEnd) -> Book:
    if not book.open and book.last is not None and _mends(end, book.last):
        return book.model_copy(update={"counted": end.place, "last": Round(ends=_replaced(book.last.ends, end))})
    is_open = _replaced(book.open, end)
    if len(is_open) < len(book.after):
        return book.model_copy(update={"counted": end.place, "open": is_open})
    return book.model_copy(update={"counted": end.place, "open": (), "last": Round(ends=is_open)})


def _mends(end: UpstreamEnd, last: Round) -> bool:
    """Whether a person has run again, with success, what failed in the round."""
    return end.is_success and end.started_by is StartedBy.MANUAL and end.task in {one.task for one in last.failed}


def _replaced(ends: Sequence[UpstreamEnd], end: UpstreamEnd) -> tuple[UpstreamEnd, ...]:
    others = [one for one in ends if one.task != end.task]
    return tuple(sorted([*others, end], key=lambda one: one.task))

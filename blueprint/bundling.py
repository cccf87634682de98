"""Decides what is sent to a channel now: alone, together with others, or later; and when to try again (R7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from blueprint.records import Message
from blueprint.values import digest

BURST = timedelta(seconds=30)
"""What does not press is gathered for so long after the channel was last used."""

MOST_ALONE = 3
"""So many requests are sent one by one; of more at once people get one list."""

MOST_TOGETHER = 40
"""So many messages are named in one notification."""

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 600.0
_PRESSING = ("request", "reminder", "plan")


@dataclass(frozen=True, kw_only=True)
class Due:
    """A message that a channel has not taken. `bundle` is set once it was tried, and may have arrived."""

    channel: str
    message: Message
    attempts: int = 0
    bundle: str = ""

    @property
    def presses(self) -> bool:
        """Whether somebody waits for an answer."""
        return self.message.event in _PRESSING


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Messages that go to a channel as one notification; the same ones have the same id."""

    id: str
    messages: tuple[Message, ...]
    attempts: int = 0

    @property
    def message_ids(self) -> list[str]:
        """Whose ids."""
        return [message.id for message in self.messages]


def bundles(due: Sequence[Due], *, last_used: datetime | None, is_failing: bool, now: datetime) -> tuple[Bundle, ...]:
    """What is sent to one channel now, from what it has not taken, in the order in which that came.

    What may have arrived goes again as it was, under its old id. To a channel that fails only one is sent, to try it:
    the one that was tried least, so that one which is refused for ever does not block the others.
    """
    fresh = [one for one in due if not one.bundle]
    pressing = [one for one in fresh if one.presses]
    calm = [one for one in fresh if not one.presses]
    is_burst = last_used is not None and now - last_used < BURST
    alone = [[one] for one in pressing] if len(pressing) <= MOST_ALONE else _parts(pressing)
    groups = [*alone, *_tried(due), *([] if is_burst else _parts(calm))]
    made = tuple(_bundle(group) for group in groups)
    return (min(made, key=lambda bundle: bundle.attempts),) if is_failing and made else made


def pause_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 5 s, 10 s, 20 s … 10 minutes."""
    return timedelta(seconds=min(_FIRST_PAUSE * 2 ** min(max(failures - 1, 0), 20), _LONGEST_PAUSE))


def _tried(due: Sequence[Due]) -> list[list[Due]]:
    """What was sent and may have arrived, the least often tried first."""
    groups: dict[str, list[Due]] = {}
    for one in due:
        if one.bundle:
            groups.setdefault(one.bundle, []).append(one)
    return sorted(groups.values(), key=lambda group: group[0].attempts)


def _parts(some: Sequence[Due]) -> list[list[Due]]:
    return [list(some[start : start + MOST_TOGETHER]) for start in range(0, len(some), MOST_TOGETHER)]


def _bundle(group: Sequence[Due]) -> Bundle:
    messages = tuple(one.message for one in group)
    name = group[0].bundle or digest("\n".join(sorted(message.id for message in messages)))[:12]
    return Bundle(id=name, messages=messages, attempts=max(one.attempts for one in group))

"""Counts the fires of a timer that never came: neither as a run nor as a record (R2.8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from pydantic import Field

from blueprint.triggers import Cron, fires_after
from blueprint.values import Moment, Value

COMES_WITHIN = timedelta(minutes=10)
"""Fires that were due within this time may be on their way still."""

MOST = 10_000
"""So many are counted at once; of more it is said that there were at least so many."""


class Account(Value):
    """Up to when the fires of one Task's timer are accounted for."""

    trigger: Cron
    until: Moment = Field(description="Fires up to here came, or are on record as missed.")


@dataclass(frozen=True, kw_only=True)
class NeverCame:
    """So many fires, the first and the last of them."""

    count: int
    first: datetime
    last: datetime

    @property
    def what(self) -> str:
        """How many and when, for a sentence."""
        first, last = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for at in (self.first, self.last))
        if self.count == 1:
            return f"The fire at {first}"
        return f"{'At least ' if self.count >= MOST else ''}{self.count} fires between {first} and {last}"


def due_since(account: Account, now: datetime, zone: str) -> list[datetime]:
    """The times after the account's end that should have come by now, at most `MOST`."""
    horizon = now - COMES_WITHIN
    times = takewhile(lambda at: at <= horizon, fires_after(account.trigger, account.until, zone))
    return list(islice(times, MOST))


def never_came(due: Iterable[datetime], came: Iterable[datetime]) -> NeverCame | None:
    """What of `due` is not among the times of runs, records and runs to come; None when nothing is missing."""
    known = {round(at.timestamp()) for at in came}
    missing = [at for at in due if round(at.timestamp()) not in known]
    return NeverCame(count=len(missing), first=missing[0], last=missing[-1]) if missing else None

"""Which fires of a timer never came, and in which words that is said (R2.8)."""

from datetime import UTC, datetime, timedelta

from blueprint.missed import COMES_WITHIN, MOST, Account, NeverCame, due_since, never_came
from blueprint.triggers import Cron

NOW = datetime(2027, 3, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _account(hours: float, cron: str = "*/15 * * * *") -> Account:
    return Account(trigger=Cron(cron=cron), until=NOW - timedelta(hours=hours))


def test_what_was_due_lately_may_still_come() -> None:
    due = due_since(_account(1), NOW, "UTC")
    assert due == [NOW - HOUR + timedelta(minutes=15 * number) for number in (1, 2, 3)]
    assert due_since(_account(0.2), NOW, "UTC") == []
    assert NOW - timedelta(minutes=15) <= NOW - COMES_WITHIN


def test_no_more_is_counted_at_once_than_can_be_counted_quickly() -> None:
    due = due_since(_account(24 * 365, "*/5 * * * *"), NOW, "UTC")
    assert len(due) == MOST
    missing = never_came(due, [])
    assert missing is not None
    assert missing.what.startswith("At least 10000 fires between 2026-03-28 12:05 UTC and ")


def test_fires_that_came_or_will_come_are_not_missing_whatever_their_fraction_of_a_second() -> None:
    due = due_since(_account(1), NOW, "UTC")
    assert never_came(due, [at + timedelta(milliseconds=200) for at in reversed(due)]) is None
    assert never_came(due, due[1:]) == NeverCame(count=1, first=due[0], last=due[0])
    assert never_came([], [NOW]) is None


def test_the_words_name_how_many_and_when() -> None:
    due = due_since(_account(1), NOW, "UTC")
    one, more = never_came(due, due[1:]), never_came(due, [])
    assert one is not None
    assert more is not None
    assert one.what == "The fire at 2027-03-28 11:15 UTC"
    assert more.what == "3 fires between 2027-03-28 11:15 UTC and 2027-03-28 11:45 UTC"


def test_the_missions_zone_counts() -> None:
    due = due_since(_account(24, "30 8 * * *"), NOW, "Europe/Berlin")
    assert due == [datetime(2027, 3, 28, 6, 30, tzinfo=UTC)]

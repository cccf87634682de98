"""When a Mission Report is due and over which period, also after a long time down (R6.2)."""

from datetime import UTC, datetime, timedelta

import pytest

from blueprint.reporting import WEEKLY, ReportTimes, due_period, next_report

ZONE = "Europe/Berlin"
MONDAY = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)  # 8 o'clock in Berlin
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("reported", "now", "expected"),
    [
        (MONDAY, MONDAY + timedelta(days=6), None),
        (MONDAY, MONDAY + WEEK, (MONDAY, MONDAY + WEEK)),
        (MONDAY, MONDAY + WEEK + timedelta(hours=5), (MONDAY, MONDAY + WEEK)),
        (MONDAY, MONDAY + 3 * WEEK + timedelta(days=1), (MONDAY + 2 * WEEK, MONDAY + 3 * WEEK)),
        (MONDAY - timedelta(days=2), MONDAY, (MONDAY - WEEK, MONDAY)),
    ],
    ids=["not yet", "on time", "late", "after a long time down one report, over the last week", "the first one"],
)
def test_the_period_that_is_due(reported: datetime, now: datetime, expected: tuple[datetime, datetime] | None) -> None:
    assert due_period(WEEKLY, reported, now, ZONE) == expected


def test_the_next_one_and_never() -> None:
    assert next_report(WEEKLY, MONDAY, ZONE) == MONDAY + WEEK
    assert next_report("", MONDAY, ZONE) is None
    assert due_period("", MONDAY, MONDAY + 9 * WEEK, ZONE) is None


def test_times_that_are_none_are_refused() -> None:
    assert ReportTimes(cron=" ").cron == ""
    with pytest.raises(ValueError, match="fields"):
        ReportTimes(cron="weekly")

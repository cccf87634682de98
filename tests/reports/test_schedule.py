"""Triggers in words, and what a Task will do by itself."""

from datetime import UTC, datetime

import pytest

from blueprint.plan import Blueprint, Task
from blueprint.triggers import Cron, Event, LabelMatch, Manual, Once, Trigger
from reports.schedule import Forecast, cron_in_words, forecast, in_words

BEFORE_SUMMER_TIME = datetime(2027, 3, 26, 12, tzinfo=UTC)


def _forecast(trigger: Trigger, now: datetime = BEFORE_SUMMER_TIME, after: tuple[str, ...] = ()) -> Forecast:
    task = Task(name="disk", title="Disk", instructions="Look.", trigger=trigger, after=after)
    return forecast(task, Blueprint(title="A", goal="B", tasks=(task,)), "Europe/Berlin", now)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 2 * * *", "every day at 02:00"),
        ("30 8,20 * * *", "every day at 08:30 and 20:30"),
        ("0 9 * * 1-5", "on weekdays at 09:00"),
        ("0 9 * * MON-FRI", "on weekdays at 09:00"),
        ("0 10 * * 6,0", "at weekends at 10:00"),
        ("15 7 * * 1", "every Monday at 07:15"),
        ("15 7 * * mon,3,sun", "on Monday, Wednesday and Sunday at 07:15"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5 * * * *", "every hour at minute 5"),
        ("0 */6 * * *", "every 6 hours at minute 0"),
        ("0 3 1 * *", "on day 1 of every month at 03:00"),
        ("*/7 * * * *", "cron `*/7 * * * *`"),
        ("0 */5 * * *", "cron `0 */5 * * *`"),
        ("*/15 9-17 * * 1-5", "cron `*/15 9-17 * * 1-5`"),
        ("0 2 1 1 *", "cron `0 2 1 1 *`"),
        ("0 2 1 * 1", "cron `0 2 1 * 1`"),
        ("0 2 * * 1-3", "cron `0 2 * * 1-3`"),
    ],
)
def test_common_cron_expressions_are_put_into_words_and_others_given_as_they_are(cron: str, words: str) -> None:
    assert cron_in_words(cron) == words


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (Cron(cron="0 2 * * *"), "every day at 02:00, Europe/Berlin"),
        (Cron(cron="0 2 * * *", timezone="Asia/Tokyo"), "every day at 02:00, Asia/Tokyo"),
        (Once(at=datetime(2026, 11, 21, 18, tzinfo=UTC)), "once, Sat 2026-11-21 19:00, Europe/Berlin"),
        (Manual(), "by hand"),
        (
            Event(event="alert", threshold=3, within_seconds=60, match=(LabelMatch(label="host", value="db*"),)),
            "on event alert 3 times within 60 s with host=db*",
        ),
    ],
)
def test_every_kind_of_trigger_has_words(trigger: Trigger, words: str) -> None:
    assert in_words(trigger, "Europe/Berlin") == words


def test_a_change_of_summer_time_among_the_next_fires_is_named() -> None:
    outlook = _forecast(Cron(cron="0 4 * * *"))
    assert outlook.fires == ("Sat 2027-03-27 04:00", "Sun 2027-03-28 04:00", "Mon 2027-03-29 04:00")
    assert outlook.clock_changes == (
        "The clocks of Europe/Berlin change from UTC+01:00 to UTC+02:00 before the fire on Sun 2027-03-28 04:00.",
    )


def test_the_clocks_of_the_triggers_own_zone_count_and_fires_are_shown_in_the_plans() -> None:
    outlook = _forecast(Cron(cron="0 2 * * *", timezone="UTC"))
    assert outlook.fires == ("Sat 2027-03-27 03:00", "Sun 2027-03-28 04:00", "Mon 2027-03-29 04:00")
    assert outlook.clock_changes == ()


@pytest.mark.parametrize(
    ("cron", "runs"),
    [("0 2 * * *", 1), ("*/5 * * * *", 288), ("*/15 * * * 1-5", 96 * 5 / 7), ("0 3 1 * *", 1 / 7), ("0 0 29 2 *", 0)],
)
def test_runs_a_day_are_those_of_the_coming_week(cron: str, runs: float) -> None:
    assert _forecast(Cron(cron=cron, timezone="UTC")).runs_a_day == pytest.approx(runs)


@pytest.mark.parametrize("now", [BEFORE_SUMMER_TIME, datetime(2026, 10, 24, 12, tzinfo=UTC)])
def test_runs_a_day_can_be_counted_over_a_change_of_clocks(now: datetime) -> None:
    assert _forecast(Cron(cron="*/5 * * * *"), now).runs_a_day == pytest.approx(288, abs=2)


def test_what_follows_other_tasks_says_so() -> None:
    outlook = _forecast(Manual(), after=("memory", "load"))
    assert outlook == Forecast(trigger="after memory and load", fires=(), runs_a_day=None, clock_changes=())

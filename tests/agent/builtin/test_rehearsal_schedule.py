"""When something runs, read from English."""

import pytest

from agent.builtin.rehearsal.schedule import at_another_time, coarser, find_schedule
from agent.builtin.rehearsal.times import find_zone

PHRASES = {
    "every day at 02:00": "0 2 * * *",
    "every night at 2": "0 2 * * *",
    "every night at 11": "0 23 * * *",
    "at 14:30 daily": "30 14 * * *",
    "daily at noon": "0 12 * * *",
    "daily at midnight": "0 0 * * *",
    "each day at 5 p.m.": "0 17 * * *",
    "every day 03:00": "0 3 * * *",
    "every day at 02:00 and 14:00": "0 2,14 * * *",
    "once a day at 5": "0 5 * * *",
    "nightly": "0 2 * * *",
    "nightly at 23:15": "15 23 * * *",
    "every morning": "0 8 * * *",
    "in the mornings": "0 8 * * *",
    "every evening at 8": "0 20 * * *",
    "at 02:00": "0 2 * * *",
    "twice a day": "0 */12 * * *",
    "three times a day": "0 */8 * * *",
    "every 2 days at 3 pm": "0 15 */2 * *",
    "every other day": "0 9 */2 * *",
    "every 15 minutes": "*/15 * * * *",
    "every fifteen minutes": "*/15 * * * *",
    "every 5 mins": "*/5 * * * *",
    "every 60 minutes": "0 * * * *",
    "every half hour": "*/30 * * * *",
    "every quarter of an hour": "*/15 * * * *",
    "every minute": "* * * * *",
    "every 2 minutes": "*/2 * * * *",
    "every 2 hours": "0 */2 * * *",
    "every three hours": "0 */3 * * *",
    "every 24 hours": "0 0 * * *",
    "hourly": "0 * * * *",
    "once an hour": "0 * * * *",
    "on weekdays at 9": "0 9 * * 1-5",
    "at 6:30 every working day": "30 6 * * 1-5",
    "Monday to Friday at 7:30": "30 7 * * 1-5",
    "Mon-Fri at 6am": "0 6 * * 1-5",
    "on weekends at 10": "0 10 * * 0,6",
    "every Monday at 08:00": "0 8 * * 1",
    "every Monday, Wednesday and Friday at 8": "0 8 * * 1,3,5",
    "on Fridays": "0 9 * * 5",
    "at 9 on Fridays": "0 9 * * 5",
    "Mondays at 9": "0 9 * * 1",
    "weekly": "0 9 * * 1",
    "weekly on Friday at 18:00": "0 18 * * 5",
    "monthly": "0 9 1 * *",
    "on the 15th of every month at 4": "0 4 15 * *",
    "when asked": "",
    "only when I ask": "",
    "on demand": "",
    "on request": "",
    "by hand": "",
    "manually": "",
}


@pytest.mark.parametrize(("phrase", "cron"), PHRASES.items())
def test_a_phrase_is_read_as_cron_wherever_it_stands(phrase: str, cron: str) -> None:
    text = f"Inspect this host {phrase}"
    found = find_schedule(text)
    assert found is not None
    assert found.schedule.cron == cron
    assert text[found.start : found.end] == phrase


@pytest.mark.parametrize(
    "text",
    [
        "Inspect this host",
        "when it is over 1 MB",
        "load above 90%",
        "look at 5 processes",
        "check sun logs",
        "the second disk",
        "twice a week",
    ],
)
def test_what_is_no_schedule_is_not_taken_for_one(text: str) -> None:
    assert find_schedule(text) is None


@pytest.mark.parametrize(
    ("phrase", "cron"),
    {"every 45 minutes": "0 * * * *", "every 7 minutes": "*/10 * * * *", "every 5 hours": "0 */6 * * *"}.items(),
)
def test_what_cron_cannot_say_is_rounded_and_said(phrase: str, cron: str) -> None:
    found = find_schedule(phrase)
    assert found is not None
    assert found.schedule.cron == cron
    assert "evenly" in found.schedule.note


@pytest.mark.parametrize(
    ("text", "name"),
    {
        "at 9, Europe/Berlin time": "Europe/Berlin",
        "in america/new_york": "America/New_York",
        "at 9 New York time": "America/New_York",
        "UTC": "UTC",
        "Mars/Olympus time": "Mars/Olympus",
    }.items(),
)
def test_a_time_zone_is_found_even_when_there_is_no_such_zone(text: str, name: str) -> None:
    found = find_zone(text)
    assert found is not None
    assert found.name == name


def test_paths_and_protocols_are_no_time_zones() -> None:
    assert find_zone("check TCP/IP and /etc/ssl, this time") is None


def test_a_schedule_moves_to_another_time_of_the_same_days() -> None:
    assert at_another_time("0 9 * * 1-5", "03:30") == "30 3 * * 1-5"
    assert at_another_time("*/15 * * * *", "03:30") == "30 3 * * *"


def test_a_schedule_that_is_too_frequent_gets_the_smallest_step_allowed() -> None:
    assert [coarser(cron, 5) for cron in ("* * * * *", "*/2 * * * *", "*/30 * * * *")] == [
        "*/5 * * * *",
        "*/5 * * * *",
        "*/30 * * * *",
    ]

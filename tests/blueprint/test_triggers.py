"""When Tasks start: which cron expressions are taken, and their next times across summer time and leap years."""

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from prefect.server.schemas.schedules import CronSchedule
from pydantic import TypeAdapter, ValidationError

from blueprint.triggers import LEFT_OUT_COMES_LATER, Cron, Event, Manual, Once, Trigger, checked_cron, latest_fire, next_fires
from blueprint.values import zone

TRIGGER: TypeAdapter[Trigger] = TypeAdapter(Trigger)

GOOD = [
    "0 2 * * *",
    "*/5 * * * *",
    "*/15 * * * *",
    "0 * * * *",
    "5/15 * * * *",
    "0,30 * * * *",
    "0,5,10 6 * * *",
    "59 23 * * *",
    "0 9 * * 1-5",
    "0 9 * * mon-fri",
    "0 9 * * MON,WED",
    "0 0 * * 0",
    "0 0 * * 7",
    "0 22-2 * * *",
    "0 0 * * fri-mon",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "0 0 L * *",
    "0 0 * * 5#2",
    "0 0 31 * *",
    "0 0 * jan *",
    "0 0 1 1 *",
    "0 0 29 2 *",
    "0 0 29 2 0#5",
    "0 0 ? * *",
]
BAD = [
    ("", "0 fields"),
    ("0 0 * *", "4 fields"),
    ("0 0 * * * *", "6 fields"),
    ("0 0 * * * * 2027", "7 fields"),
    ("@daily", "1 fields"),
    ("every day at two", "4 fields"),
    ("a b c d e", "no cron expression"),
    ("60 * * * *", "out of range"),
    ("0 24 * * *", "out of range"),
    ("0 0 0 * *", "out of range"),
    ("0 0 32 * *", "out of range"),
    ("0 0 * 13 *", "out of range"),
    ("0 0 * * 8", "out of range"),
    ("-1 * * * *", "negative"),
    ("0.5 * * * *", "no cron expression"),
    ("*/0 * * * *", "step '0'"),
    ("0 0 1,,2 * *", "no cron expression"),
    ("0 0 * foo *", "no cron expression"),
    ("٣ * * * *", "no cron expression"),
    ("0 0 30 2 *", "never fires"),
    ("0 0 31 4 *", "never fires"),
    ("0 0 31 2,4,6,9,11 *", "never fires"),
    ("* * * * *", "more often than every 5 minutes"),
    ("*/4 * * * *", "more often than every 5 minutes"),
    ("*/7 * * * *", "more often than every 5 minutes"),
    ("0,3 12 * * *", "more often than every 5 minutes"),
    ("58,2 * * * *", "more often than every 5 minutes"),
    ("2,58 0,23 * * *", "more often than every 5 minutes"),
    ("2-58/7 0,5-23 * * 0,1,5", "more often than every 5 minutes"),
    ("H * * * *", "random"),
    ("0 R(0-5) * * *", "random"),
]


@pytest.mark.parametrize("cron", GOOD)
def test_a_real_cron_expression_is_taken_as_it_is(cron: str) -> None:
    assert Cron(cron=cron).cron == cron


@pytest.mark.parametrize(("cron", "reason"), BAD)
def test_a_cron_expression_that_is_wrong_is_refused_with_the_value_and_the_reason(cron: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Cron(cron=cron)
    assert repr(cron) in str(refusal.value)
    assert reason in str(refusal.value)


def test_blanks_around_and_between_the_fields_do_not_matter() -> None:
    assert Cron(cron="  0   2 *\t* * ").cron == "0 2 * * *"


@pytest.mark.parametrize("cron", ["0 0 29 2 *", "0 0 29 2 0#5", "0 0 1 1 *", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *"])
def test_rare_times_are_checked_in_no_time(cron: str) -> None:
    start = process_time()
    for _ in range(20):
        try:
            checked_cron(cron)
        except ValueError:
            continue
    assert process_time() - start < 1


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu"])
def test_an_iana_zone_is_taken(name: str) -> None:
    assert Cron(cron="0 2 * * *", timezone=name).timezone == name


@pytest.mark.parametrize("name", ["Berlin", "CEST", "UTC+2", "Europe/Atlantis", "../etc/passwd", "europe/berlin "])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="no IANA time zone"):
        Cron(cron="0 2 * * *", timezone=name)


FORWARD = [
    ("Europe/Berlin", datetime(2027, 3, 27, tzinfo=UTC), ["27 02:30+0100", "28 01:30+0100", "29 02:30+0200"]),
    ("America/New_York", datetime(2027, 3, 13, tzinfo=UTC), ["13 02:30-0500", "14 01:30-0500", "15 02:30-0400"]),
]
if LEFT_OUT_COMES_LATER:
    FORWARD[0][2][1], FORWARD[1][2][1] = "28 03:30+0200", "14 03:30-0400"
BACK = [
    ("Europe/Berlin", "30 2 * * *", datetime(2027, 10, 30, tzinfo=UTC), ["30 02:30+0200", "31 02:30+0200", "01 02:30+0100"]),
    ("America/New_York", "30 1 * * *", datetime(2027, 11, 6, tzinfo=UTC), ["06 01:30-0400", "07 01:30-0400", "08 01:30-0500"]),
]


@pytest.mark.parametrize(("name", "after", "times"), FORWARD)
def test_a_time_that_the_clock_leaves_out_comes_an_hour_off_as_in_prefect(name: str, after: datetime, times: list[str]) -> None:
    assert _shown(Cron(cron="30 2 * * *", timezone=name), after) == times


@pytest.mark.parametrize(("name", "cron", "after", "times"), BACK)
def test_a_time_that_the_clock_shows_twice_comes_once(name: str, cron: str, after: datetime, times: list[str]) -> None:
    assert _shown(Cron(cron=cron, timezone=name), after) == times


CRONS = [
    "30 2 * * *",
    "0 3 * * *",
    "30 1 * * *",
    "*/15 * * * *",
    "0 */2 * * *",
    "15 0,1,2,3 * * *",
    "*/30 1-3 * * *",
    "0 0 29 2 *",
    "*/5 * * * *",
    "0 9 * * 1-5",
]


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
async def test_the_next_times_are_those_of_prefects_own_schedule(name: str) -> None:
    for cron in CRONS:
        for day in (datetime(2027, 3, 13), datetime(2027, 3, 27), datetime(2027, 10, 30), datetime(2027, 11, 6)):  # noqa: DTZ001
            for after in (day.replace(tzinfo=UTC) + timedelta(minutes=47 * number) for number in range(0, 60, 5)):
                if LEFT_OUT_COMES_LATER and _is_just_after_a_jump(after, name):
                    continue  # asked in this hour, Prefect gives other times than when it is asked before
                theirs = await CronSchedule(cron=cron, timezone=name).get_dates(8, start=after)
                later = [moment.astimezone(UTC) for moment in theirs if moment > after]
                ours = next_fires(Cron(cron=cron, timezone=name), after, "UTC", count=len(later))
                assert [moment.astimezone(UTC) for moment in ours] == later, (cron, after)


def _is_just_after_a_jump(moment: datetime, name: str) -> bool:
    before, now = (at.astimezone(zone(name)).utcoffset() for at in (moment - timedelta(hours=1), moment))
    return before != now


def test_the_29th_of_february_comes_in_leap_years_only() -> None:
    times = next_fires(Cron(cron="0 0 29 2 *"), datetime(2027, 1, 1, tzinfo=UTC), "UTC")
    assert [(time.year, time.month, time.day) for time in times] == [(2028, 2, 29), (2032, 2, 29), (2036, 2, 29)]


LATEST = [
    (Cron(cron="*/5 * * * *"), datetime(2027, 1, 1, 12, 4, 59, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)),
    (Cron(cron="*/5 * * * *"), datetime(2027, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)),
    (Cron(cron="0 2 * * *"), datetime(2027, 1, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 2, tzinfo=UTC)),
    (Cron(cron="0 9 * * 1-5"), datetime(2027, 1, 3, 12, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)),
    (Cron(cron="0 0 1 1 *"), datetime(2027, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    (Cron(cron="0 0 29 2 *"), datetime(2103, 1, 1, tzinfo=UTC), datetime(2096, 2, 29, tzinfo=UTC)),
    (
        Cron(cron="30 2 * * *", timezone="Europe/Berlin"),
        datetime(2027, 3, 28, 12, tzinfo=UTC),
        datetime(2027, 3, 28, 1 if LEFT_OUT_COMES_LATER else 0, 30, tzinfo=UTC),
    ),
    (Once(at=datetime(2027, 1, 1, tzinfo=UTC)), datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    (Once(at=datetime(2027, 1, 1, tzinfo=UTC)), datetime(2026, 1, 1, tzinfo=UTC), None),
    (Manual(), datetime(2027, 1, 1, tzinfo=UTC), None),
]


@pytest.mark.parametrize(("trigger", "until", "latest"), LATEST)
def test_the_latest_time_is_the_last_that_has_come(trigger: Trigger, until: datetime, latest: datetime | None) -> None:
    assert latest_fire(trigger, until, "UTC") == latest


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("cron", ["*/5 * * * *", "30 2 * * *", "30 1 * * *", "0 9 * * 1-5"])
def test_over_a_change_of_summer_time_the_latest_time_is_the_one_before_the_next(cron: str, name: str) -> None:
    trigger = Cron(cron=cron, timezone=name)
    for start in (datetime(2027, 3, 13, tzinfo=UTC), datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 10, 30, tzinfo=UTC)):
        fires = next_fires(trigger, start, "UTC", count=40)
        assert [latest_fire(trigger, fire + timedelta(seconds=1), "UTC") for fire in fires] == list(fires)


def test_the_missions_zone_counts_where_the_trigger_has_none() -> None:
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert next_fires(Cron(cron="0 2 * * *"), after, "Asia/Tokyo")[0].astimezone(UTC) == datetime(2027, 1, 1, 17, tzinfo=UTC)
    own = Cron(cron="0 2 * * *", timezone="UTC")
    assert next_fires(own, after, "Asia/Tokyo")[0] == datetime(2027, 1, 1, 2, tzinfo=UTC)


def test_a_time_is_never_its_own_next() -> None:
    two = datetime(2027, 1, 1, 2, tzinfo=UTC)
    assert next_fires(Cron(cron="0 2 * * *"), two, "UTC", count=1) == (two + timedelta(days=1),)


def test_once_is_one_time_in_the_missions_zone_and_none_when_it_has_passed() -> None:
    at = datetime(2027, 6, 1, 12, tzinfo=UTC)
    [fire] = next_fires(Once(at=at), at - timedelta(seconds=1), "Europe/Berlin")
    assert (fire, fire.tzinfo) == (at, zone("Europe/Berlin"))
    assert next_fires(Once(at=at), at, "Europe/Berlin") == ()


def test_events_and_people_have_no_next_time() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert next_fires(Event(event="alert"), now, "UTC") == next_fires(Manual(), now, "UTC") == ()


def test_a_once_time_needs_an_offset() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        TRIGGER.validate_python({"kind": "once", "at": "2027-01-01T10:00:00"})


def test_an_unknown_kind_or_field_is_refused() -> None:
    for document in ({"kind": "sometimes"}, {"kind": "manual", "cron": "0 2 * * *"}, {"cron": "0 2 * * *"}):
        with pytest.raises(ValidationError):
            TRIGGER.validate_python(document)


def _shown(trigger: Trigger, after: datetime) -> list[str]:
    return [f"{moment:%d %H:%M%z}" for moment in next_fires(trigger, after, "UTC")]

"""Mission Reports start when they are due, once each, and only of Active Missions (R6.2)."""

from datetime import UTC, datetime, timedelta

from blocks.store.store import Store
from blueprint.mission import MissionState
from blueprint.records import Message
from blueprint.reporting import MissionReportRecord, ReportTimes
from flows.reporting.clock import ReportClock
from tests.blocks.examples import mission

LONG_AGO = datetime.now(UTC) - timedelta(days=20)
Started = list[tuple[str, datetime, datetime]]


def _clock(store: Store, started: Started) -> ReportClock:
    async def start(mission_id: str, since: datetime, until: datetime) -> None:
        started.append((mission_id, since, until))

    return ReportClock(store=store, start=start)


async def _launched(store: Store, name: str = "hosts") -> None:
    made = mission(name).model_copy(update={"created_at": LONG_AGO, "timezone": "UTC"})
    await store.missions.add(made)
    await store.missions.set_state(name, MissionState.ACTIVE, LONG_AGO)


async def _report(store: Store, since: datetime, until: datetime, *, is_scheduled: bool = True) -> None:
    known = {"mission_id": "hosts", "since": since, "until": until, "made_at": until, "headline": "", "report_path": "x"}
    record = MissionReportRecord.model_validate(known | {"id": f"run-{until}", "is_scheduled": is_scheduled})
    message = {"id": f"m-{until}", "mission_id": "hosts", "event": "report", "title": "", "body": "", "at": until}
    await store.mission_reports.add(record, Message.model_validate(message))


async def test_one_report_starts_after_a_long_time_over_the_last_week_and_not_again(store: Store) -> None:
    await _launched(store)
    started: Started = []
    clock = _clock(store, started)
    assert [await clock.start_due(), await clock.start_due()] == [1, 0]
    [(mission_id, since, until)] = started
    assert (mission_id, until - since) == ("hosts", timedelta(days=7))
    assert (until.weekday(), until.hour) == (0, 8)
    assert timedelta(0) <= datetime.now(UTC) - until <= timedelta(days=7)
    await _report(store, since, until)
    assert await _clock(store, started).start_due() == 0, "another process knows it too"


async def test_a_report_that_was_asked_for_does_not_take_the_place_of_one_that_is_due(store: Store) -> None:
    await _launched(store)
    await _report(store, LONG_AGO, datetime.now(UTC), is_scheduled=False)
    assert await _clock(store, []).start_due() == 1


async def test_no_report_of_missions_that_are_not_active_or_want_none(store: Store) -> None:
    await store.missions.add(mission("draft").model_copy(update={"created_at": LONG_AGO}))
    await _launched(store)
    await store.missions.set_report_times("hosts", ReportTimes(cron=""))
    assert await _clock(store, []).start_due() == 0

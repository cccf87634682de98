"""Of the Mission Reports that a schedule asks for, those are made that are due, once each, and only of Active Missions (R6.2)."""

from datetime import UTC, datetime, timedelta

from blocks.store.store import Store
from blueprint.mission import Mission, MissionState
from blueprint.records import Message
from blueprint.reporting import MissionReportRecord, ReportTimes
from flows.reporting.due import due_report
from reports.period import Period
from tests.blocks.examples import mission

LONG_AGO = datetime.now(UTC) - timedelta(days=20)


async def _launched(store: Store) -> Mission:
    made = mission("hosts").model_copy(update={"created_at": LONG_AGO, "timezone": "UTC"})
    await store.missions.add(made)
    return await store.missions.set_state("hosts", MissionState.ACTIVE, LONG_AGO)


async def _report(store: Store, since: datetime, until: datetime, *, is_scheduled: bool = True) -> None:
    known = {"mission_id": "hosts", "since": since, "until": until, "made_at": until, "headline": "", "report_path": "x"}
    record = MissionReportRecord.model_validate(known | {"id": f"run-{until}", "is_scheduled": is_scheduled})
    message = {"id": f"m-{until}", "mission_id": "hosts", "event": "report", "title": "", "body": "", "at": until}
    await store.mission_reports.add(record, Message.model_validate(message))


async def test_after_a_long_time_down_one_report_is_due_over_the_last_week_and_then_none(store: Store) -> None:
    made, now = await _launched(store), datetime.now(UTC)
    period = await due_report(store, made, now)
    assert isinstance(period, Period)
    assert (period.until - period.since, period.until.weekday(), period.until.hour) == (timedelta(days=7), 0, 8)
    assert timedelta(0) <= now - period.until <= timedelta(days=7)
    await _report(store, period.since, period.until)
    assert await due_report(store, made, now) is None


async def test_a_report_that_was_asked_for_does_not_take_the_place_of_one_that_is_due(store: Store) -> None:
    made = await _launched(store)
    await _report(store, LONG_AGO, datetime.now(UTC), is_scheduled=False)
    assert await due_report(store, made, datetime.now(UTC)) is not None


async def test_no_report_is_due_of_missions_that_are_not_active_or_want_none(store: Store) -> None:
    made, now = await _launched(store), datetime.now(UTC)
    for state in (MissionState.DRAFT, MissionState.PAUSED):
        assert await due_report(store, made.model_copy(update={"state": state}), now) is None
    assert await due_report(store, made.model_copy(update={"reports": ReportTimes(cron="")}), now) is None

"""What a Mission Report is made of (R6.2)."""

from datetime import UTC, datetime, timedelta

from blocks.store.store import Store
from flows.reporting.making import read_records
from reports.period import Period
from tests.blocks.examples import mission


async def test_a_broken_channel_is_reported_until_it_is_deleted_wherever_that_was_done(store: Store) -> None:
    await store.missions.add(mission("hosts"))
    await store.channel_states.failed("pager", "It answered 500.")
    now = datetime.now(UTC)
    week = Period(since=now - timedelta(days=7), until=now)
    assert (await read_records(store, "hosts", week, channels=["pager"])).channels["pager"].failing_since is not None
    assert (await read_records(store, "hosts", week, channels=[])).channels == {}

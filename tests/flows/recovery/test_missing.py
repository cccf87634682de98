"""Fires that Prefect never laid are on record once, with how many they were (R2.8)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.states import Scheduled
from sqlalchemy import text

from blueprint.missed import Account
from blueprint.records import Refusal
from blueprint.triggers import Cron
from deployments.compiler import TASK_FLOW, deployment_name
from flows.recovery.missing import Missing
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import no_reconciler


async def test_fires_that_never_came_are_one_record_and_those_to_come_are_not_among_them(installation: Installation) -> None:
    last = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
    hourly = Cron(cron=f"{last.minute} * * * *")
    mission = await installation.launch(task(trigger=hourly))
    async with installation.store() as store, installation.client() as client, no_reconciler(store):
        missing = Missing(store=store, client=client)
        await missing.look(mission.id)
        opened = await store.timers.get(mission.id, "work")
        since = Account(trigger=hourly, until=last - timedelta(hours=5, minutes=1))
        await store.timers.set(mission.id, "work", since)
        late = await _late_run(installation, deployment_name(mission.id, "work"), last - timedelta(hours=1))
        looks = [await missing.look(mission.id) for _ in range(2)]
        await store.timers.set(mission.id, "work", since)  # killed before the account was brought up
        await missing.look(mission.id)
        [fire] = await store.fires.list(mission.id)
        await client.delete_flow_run(late)
    assert opened is not None
    assert looks == [True, False]
    assert (fire.count, fire.refusal, fire.scheduled_for) == (5, Refusal.NEVER_CAME, last)
    assert fire.reason.startswith("5 fires between ")


async def _late_run(here: Installation, deployment: str, due: datetime) -> UUID:
    """A run that was due then and that no worker has come for."""
    ahead = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(days=1))
    async with here.store() as store, here.client() as client:
        found = await client.read_deployment_by_name(f"{TASK_FLOW}/{deployment}")
        made = await client.create_flow_run_from_deployment(found.id, state=ahead)
        async with store.engine.begin() as connection:
            change = text("UPDATE flow_run SET expected_start_time = :due WHERE id = :id")
            await connection.execute(change, {"id": made.id, "due": due})
    return made.id

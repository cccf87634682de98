"""What Prefect's own database still holds of a Mission goes: events, and what was logged when the run was gone (R3.3)."""

from uuid import UUID

from sqlalchemy import text

from deployments.traces import connected, forget_events
from tests.blocks.postgres import running_postgres

RUN, OTHER = UUID(int=1), UUID(int=2)
TABLES = (
    "CREATE TABLE events (id uuid PRIMARY KEY, event text)",
    "CREATE TABLE event_resources (event_id uuid, resource_id text)",
    "CREATE TABLE log (flow_run_id uuid, message text)",
)


async def test_events_and_late_lines_of_its_runs_go_and_those_of_others_stay() -> None:
    async with running_postgres() as postgres, connected(postgres.url) as connection:
        for table in TABLES:
            await connection.execute(text(table))
        for run in (RUN, OTHER, None):
            told = {"run": run, "name": f"prefect.flow-run.{run}", "event": UUID(int=run.int + 10 if run else 10)}
            await connection.execute(text("INSERT INTO log VALUES (:run, 'it has ended')"), told)
            await connection.execute(text("INSERT INTO events VALUES (:event, 'ended')"), told)
            await connection.execute(text("INSERT INTO event_resources VALUES (:event, :name)"), told)
        await connection.commit()
        traces = [f"prefect.flow-run.{RUN}", "prefect.deployment.1", "an-event-of-ours"]
        assert await forget_events(connection, "m-1", traces, quiet_seconds=0.1) == 2
        async with connection.begin():
            left = list(await connection.scalars(text("SELECT flow_run_id FROM log ORDER BY flow_run_id NULLS LAST")))
            counted = await connection.scalar(text("SELECT count(*) FROM event_resources"))
    assert (left, counted) == ([OTHER, None], 2)

"""Runs that end before their work begins: those that only fell over are started again, those that were refused are not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect.states import Failed, Scheduled

from blocks.store.leases import LeaseState
from blueprint.mission import Mission
from blueprint.records import RunState
from deployments.compiler import TASK_FLOW, deployment_name
from flows.reporting.making import OPERATION as REPORT
from flows.runs.running import OPERATION
from flows.starting import start
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, reaches
from tests.fakes.model_server import calls, scripted_model

DONE = calls(("conclude", {"summary": "Done.", "findings": []}))
AWAY = Failed(message="The Mission store did not answer.")


async def test_runs_that_failed_on_their_way_to_the_gate_are_started_again(installation: Installation, tmp_path: Path) -> None:
    async with scripted_model([DONE, DONE]) as model, installation.store() as store, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[Counter(folder=tmp_path).connection()])
        missions = [await installation.launch(task(), employee=employee) for _ in range(2)]
        before, behind = [await _laid_ahead(installation, mission) for mission in missions]
        await store.leases.claim(behind, mission_id=missions[1].id, operation=OPERATION, owner="gone", seconds=1)
        for run_id in (before, behind):
            await client.set_flow_run_state(UUID(run_id), AWAY, force=True)
        records = [await installation.ended(run_id, BACK_SECONDS) for run_id in (before, behind)]
    assert [record.state for record in records] == [RunState.SUCCESS] * 2


async def test_a_mission_report_that_met_an_outage_is_made_by_the_same_run_later(installation: Installation) -> None:
    async with installation.store() as store, installation.client() as client:
        mission = await installation.launch(task())
        deployment = await client.read_deployment_by_name("report/report")
        later = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(hours=1))
        made = await client.create_flow_run_from_deployment(deployment.id, parameters={"mission": mission.id}, state=later)
        await store.leases.claim(str(made.id), mission_id=mission.id, operation=REPORT, owner="gone", seconds=1)
        await client.set_flow_run_state(made.id, AWAY, force=True)
        await reaches(installation, str(made.id), "Completed")
        known, lease = await store.mission_reports.find(str(made.id)), await store.leases.get(str(made.id))
    assert known is not None
    assert lease is not None
    assert lease.state is LeaseState.ENDED


async def _laid_ahead(here: Installation, mission: Mission) -> str:
    """A run of the Mission that does not start by itself while the test lasts."""
    async with here.client() as client:
        deployment = await client.read_deployment_by_name(f"{TASK_FLOW}/{deployment_name(mission.id, 'work')}")
        later = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(hours=1))
        parameters = {"mission": mission.id, "task": "work"}
        return str((await client.create_flow_run_from_deployment(deployment.id, parameters=parameters, state=later)).id)


async def test_a_run_that_the_gate_refuses_for_good_fails_once_with_the_reason(installation: Installation) -> None:
    async with installation.store() as store, installation.client() as client:
        mission = await installation.launch(task())
        name = f"{TASK_FLOW}/{deployment_name(mission.id, 'work')}"
        run_id = await start(client, name, {"mission": "no-such-mission", "task": "work"})
        state = await reaches(installation, run_id, "Failed")
        lease = await store.leases.get(run_id)
    assert str(state.message).startswith("There is no Mission 'no-such-mission'")
    assert lease is not None
    assert lease.state is LeaseState.ENDED

"""A round that is due starts one run, also when the reconciler is killed before it can note that (R2.6)."""

from datetime import UTC, datetime
from uuid import uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from blocks.store.rounds import ClosedRound
from blocks.store.store import Store
from blueprint.mission import Mission, MissionState
from blueprint.records import RunEnd, RunRecord, RunState, StartedBy
from deployments.present import find_task_runs
from flows.recovery.dependencies import Dependencies
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import no_reconciler


async def test_a_due_round_starts_one_run_however_often_the_start_is_cut_off(installation: Installation) -> None:
    mission = await installation.launch(task("a"), task("b"), task("c", after=("a", "b")))
    async with installation.store() as store, installation.client() as client, no_reconciler(store):
        dependencies = Dependencies(store=store, client=client)
        for name in ("a", "b"):
            await _ended(store, mission, name)
        await dependencies.count(mission.id)
        [due] = await _unsettled(store, mission)
        await store.missions.set_state(mission.id, MissionState.PAUSED, datetime.now(UTC))  # the gate lets none of them in
        for _ in range(3):
            await dependencies.settle(due)
        left, started = await _unsettled(store, mission), await _runs_of(client, mission, "c")
    assert left == []
    assert [run.parameters["round"] for run in started] == [due.round.id]


async def _ended(store: Store, mission: Mission, name: str) -> None:
    """A run of the Task that began and ended well."""
    now, run_id = datetime.now(UTC), str(uuid4())
    assert mission.plan_version is not None
    record = RunRecord(
        id=run_id,
        mission_id=mission.id,
        task=name,
        plan_version=mission.plan_version,
        started_by=StartedBy.MANUAL,
        scheduled_for=now,
        started_at=now,
    )
    await store.runs.start(record)
    await store.runs.finish(run_id, RunEnd(state=RunState.SUCCESS, ended_at=now))


async def _unsettled(store: Store, mission: Mission) -> list[ClosedRound]:
    return [one for one in await store.rounds.unsettled() if one.mission_id == mission.id]


async def _runs_of(client: PrefectClient, mission: Mission, name: str) -> list[FlowRun]:
    return [run for run in await find_task_runs(mission.id, client) if run.parameters.get("task") == name]

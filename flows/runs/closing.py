"""Ends a run: the final record first, then report, session and message. Safe to do again after a kill anywhere in it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from prefect.client.schemas.objects import State
from prefect.states import Failed

from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.records import JournalEntry, RunEnd, RunRecord, RunState
from blueprint.requests import RequestState
from blueprint.spending import spent
from blueprint.stream import Concluded, Conclusion
from flows.artifacts import find_steps, keep_page
from flows.links.console import artifact_page, run_page
from flows.naming import report_key, session_key, steps_key
from flows.people.telling import ended, failed
from flows.runs.snapshots import keep_snapshot, snapshot_pages
from reports.files import write_index, write_report
from reports.steps import session_page
from reports.task_report import ReportLinks, task_report


async def close_run(store: Store, home: Path, run_id: str, *, state: RunState, reason: str = "") -> RunRecord:
    """Record how the run ended (the first to say so wins) and publish its report (R6.1); gives the stored record.

    What another version of the code wrote, and this one can't read, is left out of the report.
    """
    entries = await store.journal.readable(run_id)
    end = RunEnd(
        state=state,
        reason=reason,
        conclusion=_conclusion(entries),
        usage=spent(entry.event for entry in entries),
        running_seconds=await store.leases.working_seconds(run_id),
        ended_at=datetime.now(UTC),
    )
    record = await store.runs.finish(run_id, end)
    for request in await store.requests.readable(run_id):
        if request.state is RequestState.OPEN:
            await store.requests.close(run_id, request.key, RequestState.CANCELLED)
    await store.requests.abandon(run_id)
    if not record.report_path:
        record = await _publish(store, home, record, entries)
    return record


def reason_of_cancellation(record: RunRecord) -> str:
    """Why a run was cancelled: by a person, or by a newer run of a Task whose plan says so."""
    if record.replaced_by:
        return f"Run {record.replaced_by} came later and took its place: the Task cancels the older one."
    return "A person cancelled the run."


async def unbegun_run(store: Store, mission_id: str, run_id: str, reason: str) -> State:
    """Tell people in the inbox of a run that never passed the gate, so that it has no record; gives the state that says so."""
    await store.messages.add(failed(mission_id, run_id, "A run could not begin", reason))
    return Failed(message=reason)


async def _publish(store: Store, home: Path, record: RunRecord, entries: Sequence[JournalEntry]) -> RunRecord:
    """Artifacts, then the message, then the file's path in the record: what is in the record is complete."""
    mission = await store.missions.get(record.mission_id)
    plan = await store.plans.get(mission.id, record.plan_version)
    task = plan.task(record.task)
    assert task is not None, "a run is admitted only with a Task of its plan"
    session = await keep_page(
        key=session_key(mission.id, record.id),
        description=f"Session of {record.task}",
        page=session_page(mission, task, record, entries),
        flow_run_id=record.id,
    )
    if record.state is RunState.FAILED:
        await keep_snapshot(mission, task, record, entries, await store.requests.of_run(record.id), "the run failed")
    report = await _report(store, mission, task, record, entries, session)
    await keep_page(
        key=report_key(mission.id, record.task),
        description=f"Report: {record.task}, {record.state}",
        page=report,
        flow_run_id=record.id,
    )
    title = f"{mission.title}: {task.title}"
    ended_at = record.ended_at or record.started_at
    path = write_report(home, mission.id, ended_at, mission.timezone, record.task, report, title)
    write_index(home, mission.id, mission.title)
    await store.messages.add(ended(mission, task, record))
    return await store.runs.set_report(record.id, str(path))


async def _report(
    store: Store, mission: Mission, task: Task, record: RunRecord, entries: Sequence[JournalEntry], session: str
) -> str:
    previous = await store.runs.previous(record)
    return task_report(
        mission=mission,
        task=task,
        record=record,
        entries=entries,
        requests=await store.requests.readable(record.id),
        previous=previous,
        links=ReportLinks(
            run=run_page(record.id),
            session=artifact_page(session),
            previous=run_page(previous.id) if previous else "",
            steps=await step_pages(record),
            snapshots=await snapshot_pages(record),
        ),
    )


async def step_pages(record: RunRecord) -> dict[int, str]:
    """Where the steps of a run are shown, by their number in the stream; those that were never drawn are missing."""
    key = steps_key(record.mission_id, record.id)
    return {step: artifact_page(artifact) for step, artifact in await find_steps(key=key, flow_run_id=record.id)}


def _conclusion(entries: Sequence[JournalEntry]) -> Conclusion | None:
    return next((entry.event.conclusion for entry in reversed(entries) if isinstance(entry.event, Concluded)), None)

"""`missions run cancel runs watch reports report`: runs of Tasks and what they found."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from prefect.client.schemas.filters import ArtifactFilter
from prefect.states import Cancelling

from blueprint.errors import InvalidInput, MissionsError
from blueprint.records import RunRecord, RunState
from flows.command.answering import accompany, at_terminal
from flows.command.output import AsJson, Session, command, say, session, show, show_json, show_table
from flows.following import until_record
from flows.links import run_page
from flows.naming import report_key
from flows.settings import RunSettings
from flows.starting import start_task


@command
async def run(
    mission: str,
    task: str,
    wait: Annotated[bool, typer.Option("--wait", help="Show its steps and wait until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a Task now; its schedule stays as it is."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        if found.plan_version is None:
            raise InvalidInput(f"Mission {found.id!r} is not launched; launch it with `missions launch {found.id}`.")
        plan = await here.store.plans.get(found.id, found.plan_version)
        run_id = await start_task(here.client, found, plan, task)
        say(f"Started: {run_page(run_id)}")
        if wait:
            await accompany(here, run_id, at_terminal, stay=True)
            await _show_end(here, run_id, as_json)
        elif as_json:
            show_json({"id": run_id, "page": run_page(run_id)})
        else:
            show(run_id)


@command
async def watch(run: str, as_json: AsJson = False) -> None:
    """Show the steps of a run as they happen, and its questions, until it is over."""
    async with session() as here:
        run_id = await _run_id(here, run)
        await accompany(here, run_id, at_terminal, stay=True)
        if as_json:
            record = await here.store.runs.get(run_id)
            show_json({"run": record, "entries": await here.store.journal.read(run_id)})


@command
async def cancel(run: str, as_json: AsJson = False) -> None:
    """Cancel a run; it ends with a report of what was found so far."""
    async with session() as here:
        run_id = await _run_id(here, run)
        answer = await here.client.set_flow_run_state(UUID(run_id), Cancelling())
        if answer.state is None or not (answer.state.is_cancelling() or answer.state.is_cancelled()):
            raise InvalidInput(f"Run {run_id} can't be cancelled: {getattr(answer.details, 'reason', None) or 'it is over'}.")
        await accompany(here, run_id, at_terminal, stay=True)
        await _show_end(here, run_id, as_json)


@command
async def list_runs(mission: str, as_json: AsJson = False) -> None:
    """List a Mission's runs, the newest first, and the fires that did not become one."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        records, fires = await here.store.runs.list(found.id), await here.store.fires.list(found.id)
    if as_json:
        return show_json({"runs": records, "skipped": fires})
    show_table(
        ["RUN", "TASK", "BY", "STATE", "SCHEDULED (UTC)", "STARTED (UTC)", "SECONDS", "REASON"],
        [_row(record) for record in records],
        "No runs yet.",
    )
    skipped = [[fire.run_id[:8], fire.task, _second(fire.scheduled_for), fire.reason] for fire in fires]
    return show_table(["\nSKIPPED", "TASK", "SCHEDULED (UTC)", "REASON"], skipped, "")


@command
async def reports(mission: str, as_json: AsJson = False) -> None:
    """List a Mission's reports, the newest first."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        records = [record for record in await here.store.runs.list(found.id) if record.report_path]
    if as_json:
        return show_json(records)
    home = _settings().home
    rows = [[record.id[:8], record.task, record.state, str(home / record.report_path)] for record in records]
    return show_table(["RUN", "TASK", "STATE", "FILE"], rows, "No reports yet.")


@command
async def report(run: str, as_json: AsJson = False) -> None:
    """Show the report of a run."""
    async with session() as here:
        record = await here.store.runs.find(run)
        if not record.report_path:
            raise InvalidInput(
                f"Run {record.id} has no report yet: it is {record.state}. Follow it: missions watch {record.id[:8]}"
            )
        text = await _report(here, record)
    if as_json:
        show_json({"run": record, "report": text})
    else:
        show(text)


async def _report(here: Session, record: RunRecord) -> str:
    """From the file where it is at hand, else from Prefect's artifact."""
    if text := await asyncio.to_thread(_read, _settings().home / record.report_path):
        return text
    wanted = {"key": {"any_": [report_key(record.mission_id, record.task)]}, "flow_run_id": {"any_": [record.id]}}
    found = await here.client.read_artifacts(artifact_filter=ArtifactFilter.model_validate(wanted))
    if not found:
        raise MissionsError(f"The report of run {record.id} is neither at {record.report_path!r} nor among Prefect's artifacts.")
    return str(found[0].data)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


async def _show_end(here: Session, run_id: str, as_json: bool) -> None:
    await until_record(here.store, run_id)
    record = await here.store.runs.find_started(run_id)
    flow_run = await here.client.read_flow_run(UUID(run_id))
    if record is None:
        raise MissionsError(f"The run did not start: {flow_run.state.message if flow_run.state else 'unknown state'}")
    if as_json:
        show_json(record)
    else:
        show(f"{record.state} {record.reason}\nReport: missions report {record.id[:8]}")
    if record.state is RunState.FAILED:
        raise typer.Exit(1)


async def _run_id(here: Session, text: str) -> str:
    """A run of a Task by id, prefix, or a Mission's creation by its whole id."""
    try:
        return (await here.store.runs.find(text)).id
    except MissionsError:
        lease = await here.store.leases.get(text)
        if lease is None:
            raise
        return lease.run_id


def _row(record: RunRecord) -> list[str]:
    state = f"{record.state} (waiting)" if record.is_waiting else record.state
    seconds = f"{(record.ended_at - record.started_at).total_seconds():.0f}" if record.ended_at else ""
    return [
        record.id[:8],
        record.task,
        record.started_by,
        state,
        _second(record.scheduled_for),
        _second(record.started_at),
        seconds,
        record.reason,
    ]


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _settings() -> RunSettings:
    return RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment

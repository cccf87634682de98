"""`missions run cancel watch`: runs of Tasks."""

from typing import Annotated
from uuid import UUID

import typer
from prefect.states import Cancelling

from blueprint.errors import InvalidInput, MissionsError
from blueprint.mission import not_running
from blueprint.records import RunRecord, RunState
from blueprint.values import short_id
from flows.command.answering import accompany
from flows.command.naming import run_id_of, task_named
from flows.command.output import AsJson, Session, command, say, session, show, show_json
from flows.command.terminal import at_terminal
from flows.following import Over, Waiting, until_record
from flows.links.console import run_page
from flows.starting import start_task

OfMission = Annotated[str, typer.Argument(help="A Mission: its id, the beginning of it, or its name.")]
OfRun = Annotated[str, typer.Argument(help="A run: its id as a table shows it, or the whole id.")]


@command
async def run(
    mission: OfMission,
    task: Annotated[str, typer.Argument(help="One of its Tasks: its name, or the beginning of it.")],
    wait: Annotated[bool, typer.Option("--wait", help="Show its steps and wait until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a Task now; its schedule stays as it is."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        if found.plan_version is None:
            raise InvalidInput(not_running(found))
        plan = await here.store.plans.get(found.id, found.plan_version)
        run_id = await start_task(here.client, found, plan, task_named(plan, task))
        say(f"Started: {run_page(run_id)}")
        if not wait:
            return show_json({"id": run_id, "page": run_page(run_id)}) if as_json else show(run_id)
        await accompany(here, run_id, at_terminal, stay=True)
        record = await _ended(here, run_id)
    _show_end(record, as_json)
    if record.state is not RunState.SUCCESS:
        raise typer.Exit(1)
    return None


@command
async def watch(run: OfRun, as_json: AsJson = False) -> None:
    """Show a run as it goes, until it is over: its steps, and its questions, which a person at the terminal may answer."""
    async with session() as here:
        run_id = await run_id_of(here, run)
        over = await accompany(here, run_id, at_terminal, stay=True, tell=say if as_json else show)
        entries = await here.store.journal.read(run_id)
        record = await here.store.runs.find_started(run_id)
    if as_json:
        return show_json({"id": run_id, "state": _state(over), "run": record, "entries": entries})
    return show(f"Over: {_state(over)}")


@command
async def cancel(run: OfRun, as_json: AsJson = False) -> None:
    """Cancel a run; it ends with a report of what was found so far."""
    async with session() as here:
        run_id = await run_id_of(here, run)
        await _request_cancellation(here, run_id)
        over = await accompany(here, run_id, lambda _: None, stay=True)
        await until_record(here.store, run_id)
        record = await here.store.runs.find_started(run_id)
    if record is not None:
        return _show_end(record, as_json)
    return show_json({"id": run_id, "state": _state(over)}) if as_json else show(f"Over: {_state(over)}")


async def _request_cancellation(here: Session, run_id: str) -> None:
    """Let Prefect cancel it; InvalidInput when it is over (Prefect itself would take that for some ends)."""
    state = (await here.client.read_flow_run(UUID(run_id))).state
    if state is not None and not state.is_final():
        state = (await here.client.set_flow_run_state(UUID(run_id), Cancelling())).state
        if state is not None and (state.is_cancelling() or state.is_cancelled()):
            return
    raise InvalidInput(f"Run {run_id} can't be cancelled: it is {state.name if state else 'unknown'}.")


async def _ended(here: Session, run_id: str) -> RunRecord:
    """The record of a run that is over, its report published; MissionsError when the gate did not let it begin."""
    await until_record(here.store, run_id)
    record = await here.store.runs.find_started(run_id)
    if record is None:
        state = (await here.client.read_flow_run(UUID(run_id))).state
        raise MissionsError(f"The run did not start: {(state.message if state else '') or 'nobody knows why'}")
    return record


def _show_end(record: RunRecord, as_json: bool) -> None:
    if as_json:
        show_json(record)
    else:
        show(f"{record.state}{': ' if record.reason else ''}{record.reason}\nReport: missions report {short_id(record.id)}")


def _state(news: Over | Waiting) -> str:
    """How the flow run ended, in Prefect's words."""
    state = news.flow_run.state if isinstance(news, Over) else None
    return ", ".join(part for part in [state.name, state.message] if part) if state else "unknown"

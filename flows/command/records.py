"""`missions runs`: what became of all starts of a Mission's Tasks, as a list or as the calendar of a month (R6.5)."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from blueprint.calendar import Entry
from blueprint.mission import Mission
from blueprint.records import QueuedFire, RunRecord
from blueprint.values import short_id
from flows.command.naming import task_named
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.command.runs import OfMission
from flows.creation.choosing import chosen_plan
from flows.records.months import Records, month_records, run_links
from reports.calendar import WEEKDAYS, calendar_page, counts, weeks
from reports.times import minute


@command
async def list_runs(
    mission: OfMission,
    calendar: Annotated[
        bool, typer.Option("--calendar", help="The present month: what was, was skipped, and is to come.")
    ] = False,
    month: Annotated[str, typer.Option(help="Another month, like 2026-11.")] = "",
    task: Annotated[str, typer.Option(help="Only this Task: its name, or the beginning of it.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state: Success, Failed, Cancelled, Running, skipped, 'to come'.")] = "",
    page: Annotated[bool, typer.Option("--page", help="The month as a Markdown page with links into the console.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a Mission's runs, the newest first, or show a month of them.

    Below them: the fires that wait for their turn, and those that did not become a run, each with its reason.
    """
    async with session() as here:
        found = await here.store.missions.find(mission)
        name = task_named((await chosen_plan(here.store, found, None))[1], task) if task else ""
        if not (calendar or month or page):
            return await _list(here, found, name, state, as_json)
        now = datetime.now(UTC)
        records = await month_records(here.store, found, month=month, task=name, state=state, now=now)
        if page:
            links = await run_links(here.client, found.id, [entry.run for entry in records.found if entry.run])
            return show(calendar_page(found.title, records.month, records.found, links, now))
    return show_json(_month(records)) if as_json else _show_month(records)


async def _list(here: Session, mission: Mission, task: str, state: str, as_json: bool) -> None:
    records = [one for one in await here.store.runs.list(mission.id, task or None) if _fits(one.state, state)]
    fires = [one for one in await here.store.fires.list(mission.id) if one.task == (task or one.task) and _fits("skipped", state)]
    queue = [one for one in await here.store.queue.all() if one.mission_id == mission.id and one.task == (task or one.task)]
    if as_json:
        return show_json({"runs": records, "queued": queue, "skipped": fires})
    show_table(
        ["RUN", "TASK", "BY", "STATE", "SCHEDULED (UTC)", "STARTED (UTC)", "SECONDS", "REASON"],
        [_row(record) for record in records],
        "No such runs." if task or state else "No runs yet.",
    )
    _show_queue(queue)
    if fires:
        show("")
        skipped = [
            [short_id(fire.run_id), fire.task, fire.started_by or "", _second(fire.scheduled_for), fire.reason] for fire in fires
        ]
        show_table(["SKIPPED", "TASK", "BY", "SCHEDULED (UTC)", "REASON"], skipped, "")
    return None


def _fits(state: str, wanted: str) -> bool:
    return wanted.casefold() in ("", state.casefold())


def _show_queue(queue: list[QueuedFire]) -> None:
    if queue:
        show("")
        waiting = [[short_id(fire.run_id), fire.task, fire.started_by, _second(fire.scheduled_for)] for fire in queue]
        show_table(["QUEUED", "TASK", "BY", "SCHEDULED (UTC)"], waiting, "")


def _show_month(records: Records) -> None:
    """A grid of days, then the lines; what is to come is only counted in the grid."""
    show(f"{records.month}   {counts(records.found) or 'nothing'}   ({records.month.timezone or 'UTC'})\n")
    show_table(list(WEEKDAYS), weeks(records.month, records.found), "")
    past = [entry for entry in records.found if entry.state != "to come"]
    if past:
        show("")
        zone = records.month.timezone
        rows = [
            [minute(one.at, zone), one.task, one.state, short_id(one.run.id) if one.run else "", _reason(one)] for one in past
        ]
        show_table(["DUE", "TASK", "STATE", "RUN", "REASON"], rows, "")


def _reason(entry: Entry) -> str:
    return entry.run.reason if entry.run else (entry.fire.reason if entry.fire else "")


def _month(records: Records) -> dict[str, object]:
    lines = [{"due": one.at, "task": one.task, "state": one.state, "run": one.run, "skipped": one.fire} for one in records.found]
    return {"month": str(records.month), "timezone": records.month.timezone or "UTC", "entries": lines}


def _row(record: RunRecord) -> list[str]:
    state = f"{record.state} (waiting)" if record.is_waiting else record.state
    seconds = f"{(record.ended_at - record.started_at).total_seconds():.0f}" if record.ended_at else ""
    return [
        short_id(record.id),
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

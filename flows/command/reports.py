"""`missions reports report summary`: what runs found, and what a Mission comes to over a time (R6.1, R6.2, R6.4)."""

import asyncio
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from prefect.client.schemas.filters import ArtifactFilter
from pydantic import ValidationError

from blueprint.errors import InvalidInput, MissionsError, Unavailable, UnknownName
from blueprint.problems import explain
from blueprint.records import RunRecord
from blueprint.reporting import MissionReportRecord, ReportTimes, next_report
from blueprint.values import short_id
from flows.command.naming import is_meant
from flows.command.output import AsJson, Session, command, session, show, show_json, show_page, show_table
from flows.command.runs import OfMission, OfRun
from flows.following import POLL_SECONDS
from flows.naming import report_key, summary_key
from flows.reporting.scheduling import set_report_times
from flows.settings import RunSettings
from flows.starting import start
from reports.files import write_index
from reports.times import minute

SUMMARY_SECONDS = 120.0

AndOpen = Annotated[bool, typer.Option("--open", help="Open it in a browser.")]


@command
async def reports(mission: OfMission, open_index: AndOpen = False, as_json: AsJson = False) -> None:
    """List a Mission's reports, the newest first; its index page has them all."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        records = [record for record in await here.store.runs.list(found.id) if record.report_path]
        summaries = await here.store.mission_reports.list(found.id)
    if open_index:
        return _open(await asyncio.to_thread(write_index, _settings().home, found.id, found.title))
    if as_json:
        return show_json({"runs": records, "mission_reports": summaries})
    made = [_summary_row(one) for one in summaries] + [_row(record) for record in records]
    rows = sorted(made, key=lambda row: row[0], reverse=True)
    return show_table(["MADE (UTC)", "RUN", "REPORT", "STATE", "FILE"], rows, "No reports yet.")


@command
async def report(run: OfRun, open_page: AndOpen = False, as_json: AsJson = False) -> None:
    """Show the report of a run, or a Mission Report by the run that made it."""
    async with session() as here:
        made, path, key = await _made(here, run)
        if open_page:
            return _open((_settings().home / path).with_suffix(".html"))
        text = await _text(here, str(made.id), made.mission_id, path, key)
    return show_json({"run": made, "report": text}) if as_json else show_page(text)


@command
async def summary(
    mission: OfMission,
    days: Annotated[int, typer.Option(min=1, max=366, help="So many days up to now.")] = 7,
    schedule: Annotated[
        str | None, typer.Option(help="In place of a report now: when it is made by itself, as cron; 'never' for not at all.")
    ] = None,
    open_page: AndOpen = False,
    as_json: AsJson = False,
) -> None:
    """Make a Mission Report now: runs, findings, questions, missed fires and cost of the last days."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        if schedule is not None:
            return await _set_schedule(here, found.id, schedule, as_json)
        run_id = await start(here.client, "report/report", {"mission": found.id, "days": days})
        made = await _report_of(here, run_id)
        if open_page:
            return _open((_settings().home / made.report_path).with_suffix(".html"))
        text = await _text(here, run_id, made.mission_id, made.report_path, summary_key(made.mission_id))
    return show_json({"run": made, "report": text}) if as_json else show_page(text)


async def _set_schedule(here: Session, mission_id: str, schedule: str, as_json: bool) -> None:
    try:
        times = ReportTimes(cron="" if schedule.strip().lower() == "never" else schedule)
    except ValidationError as error:
        raise InvalidInput(f"The schedule can't be used: {explain(error)[0].text}") from error
    changed = await set_report_times(here.store, here.client, mission_id, times)
    due = next_report(times.cron, await here.store.now(), changed.timezone)
    if as_json:
        return show_json({"mission": mission_id, "cron": times.cron, "next": due})
    when = f"next {minute(due, changed.timezone)}, {changed.timezone}" if due else "not by itself"
    return show(f"Mission Reports of {mission_id!r}: {when}.")


async def _report_of(here: Session, run_id: str) -> MissionReportRecord:
    """The report of a run that was started just now."""
    try:
        async with asyncio.timeout(SUMMARY_SECONDS):
            while (made := await here.store.mission_reports.find(run_id)) is None:
                state = (await here.client.read_flow_run(UUID(run_id))).state
                if state is not None and state.is_final() and not state.is_completed():
                    raise MissionsError(f"The report could not be made: {state.message or state.name}")
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise Unavailable(f"The report is not there after {SUMMARY_SECONDS:.0f} s; see `missions doctor`.") from error
    return made


async def _made(here: Session, text: str) -> tuple[RunRecord | MissionReportRecord, str, str]:
    """The report that a run has made: its record, its file, the key of its artifact."""
    try:
        record = await here.store.runs.find(text)
    except UnknownName:
        if summary := await _summary_named(here, text):
            return summary, summary.report_path, summary_key(summary.mission_id)
        raise
    if not record.report_path:
        raise InvalidInput(
            f"Run {record.id} has no report yet: it is {record.state}. Follow it: missions watch {short_id(record.id)}"
        )
    return record, record.report_path, report_key(record.mission_id, record.task)


async def _summary_named(here: Session, text: str) -> MissionReportRecord | None:
    for mission in await here.store.missions.list():
        for made in await here.store.mission_reports.list(mission.id):
            if is_meant(made.id, text):
                return made
    return None


async def _text(here: Session, run_id: str, mission_id: str, path: str, key: str) -> str:
    """From the file where it is at hand, else from Prefect's artifact."""
    if text := await asyncio.to_thread(_read, _settings().home / path):
        return text
    wanted: dict[str, Any] = {"key": {"any_": [key]}, "flow_run_id": {"any_": [run_id]}}
    found = await here.client.read_artifacts(artifact_filter=ArtifactFilter.model_validate(wanted))
    if not found:
        raise MissionsError(f"The report of run {run_id} is neither at {path!r} nor among Prefect's artifacts.")
    return str(found[0].data)


def _open(page: Path) -> None:
    """Show where it is, and let a browser open it where there is one."""
    show(page.as_uri())
    webbrowser.open(page.as_uri())


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _row(record: RunRecord) -> list[str]:
    file = str(_settings().home / record.report_path)
    return [_minute(record.ended_at or record.started_at), short_id(record.id), record.task, record.state, file]


def _summary_row(made: MissionReportRecord) -> list[str]:
    return [_minute(made.made_at), short_id(made.id), "Mission Report", "", str(_settings().home / made.report_path)]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _settings() -> RunSettings:
    return RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment

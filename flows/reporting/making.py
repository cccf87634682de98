"""Makes one Mission Report: from the records to artifact, file, record and message (R6.2). Safe to do again after a kill."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from blocks.loading import block_names
from blocks.notification_channel import NotificationChannel
from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.records import Message
from blueprint.reporting import MissionReportRecord
from flows.artifacts import keep_page
from flows.links.console import run_page
from flows.naming import summary_key
from reports.files import write_index, write_report
from reports.mission_page import mission_page
from reports.mission_report import MissionReport, Records, build, headline, severity
from reports.period import Period

FILE_NAME = "mission-report"

OPERATION = "report"
"""What leases of Mission Reports are held for."""


async def make_report(
    store: Store, home: Path, run_id: str, mission_id: str, period: Period, *, is_scheduled: bool = False
) -> MissionReportRecord:
    """Report the period once for each flow run; UnknownName when there is no such Mission."""
    if known := await store.mission_reports.find(run_id):
        return known
    mission, tasks = await store.missions.get(mission_id), await _tasks(store, mission_id)
    records = await read_records(store, mission_id, period, channels=await block_names(NotificationChannel))
    report = build([task.name for task in tasks], records, period)
    titles = {task.name: task.title for task in tasks}
    page = mission_page(mission=mission, report=report, records=records, titles=titles, run_page=run_page)
    await keep_page(key=summary_key(mission_id), description=f"Mission Report: {mission.title}", page=page, flow_run_id=run_id)
    title = f"{mission.title}: Mission Report"
    path = write_report(home, mission_id, period.until, mission.timezone, FILE_NAME, page, title)
    write_index(home, mission_id, mission.title)
    record = _record(run_id, mission_id, report, str(path), is_scheduled=is_scheduled)
    await store.mission_reports.add(record, _message(mission, record, report))
    return record


async def read_records(store: Store, mission_id: str, period: Period, *, channels: Collection[str]) -> Records:
    """Everything that a report of the period is made of. `channels` are those that there are.

    One whose block was deleted in the Prefect UI leaves its state behind, and is nobody's trouble any more.
    """
    since, states = period.before.since, await store.channel_states.all()
    return Records(
        runs=await store.runs.until(mission_id, period.until),
        fires=await store.fires.since(mission_id, since),
        requests=await store.requests.of_mission(mission_id, since),
        channels={name: state for name, state in states.items() if name in channels},
    )


async def _tasks(store: Store, mission_id: str) -> Sequence[Task]:
    mission = await store.missions.get(mission_id)
    return (await store.plans.get(mission_id, mission.plan_version)).tasks if mission.plan_version else ()


def _record(run_id: str, mission_id: str, report: MissionReport, path: str, *, is_scheduled: bool) -> MissionReportRecord:
    return MissionReportRecord(
        id=run_id,
        mission_id=mission_id,
        since=report.period.since,
        until=report.period.until,
        made_at=datetime.now(UTC),
        is_scheduled=is_scheduled,
        headline=headline(report),
        report_path=path,
    )


def _message(mission: Mission, record: MissionReportRecord, report: MissionReport) -> Message:
    attention = "\n".join(f"- {task}: {why}" for task, why in report.attention)
    return Message(
        id=f"{record.id}:summary",
        mission_id=mission.id,
        run_id=record.id,
        event="report",
        severity=severity(report),
        title=f"{mission.title}: Mission Report",
        body=f"{record.headline}\n{attention}".strip(),
        at=record.made_at,
    )

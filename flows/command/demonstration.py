"""`missions demo`: a host-inspection Mission from goal to report, with one approval, on this machine, without keys."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Scheduled

from blueprint.errors import InvalidInput, MissionsError
from blueprint.mission import Mission
from blueprint.records import RunRecord, RunState
from blueprint.requests import ApprovalQuestion, Decision, InformationQuestion, Request, ReviewQuestion
from blueprint.values import short_id
from deployments.local.addresses import Addresses, read_addresses
from deployments.local.ports import free_port, require_free_port
from deployments.local.settings import LocalSettings
from deployments.present import find_task_runs
from flows.command.answering import Voice, accompany
from flows.command.output import Session, say, session, show
from flows.command.terminal import at_terminal
from flows.following import Waiting, until_record
from flows.links.console import artifact_page, deployments_page, run_page
from flows.local import local_stack, speaking_to
from flows.naming import mission_id_for, report_key
from flows.people.replying import Reply
from flows.starting import start, start_task

GOAL = "Inspect this host and clean the scratch directory when it is over 1 MB"
ANSWER = "Every day at 02:00"
OLD_DAYS = 30
SECTIONS = 5


def demo(
    interactive: Annotated[bool, typer.Option("--interactive", help="Answer the questions yourself.")] = False,
) -> None:
    """Show the main job on this machine, from goal to report.

    What is asked is answered in your place; each question and its answer are shown. It needs no key and no network.
    """
    asyncio.run(_demo(LocalSettings(), at_terminal if interactive else in_your_place))


def in_your_place(request: Request) -> Reply | None:
    """The answers of a person who wants to see how it goes on."""
    match request.question:
        case InformationQuestion(questions=questions):
            return Reply(answers=(ANSWER,) * len(questions))
        case ReviewQuestion(can_launch=True):
            return Reply(decision=Decision.LAUNCH)
        case ApprovalQuestion():
            return Reply(decision=Decision.APPROVE, text="Go ahead, these are old files.")
        case _:
            return None


async def _demo(settings: LocalSettings, voice: Voice) -> None:
    began = time.monotonic()
    say("Missions, from a goal in plain language to a report. The model here is the rehearsal model, no language model.")
    if voice is in_your_place:
        say("What is asked is answered in your place: see the lines with →. To answer yourself: missions demo --interactive")
    _section(1, f"Start Missions on {settings.home}")
    async with _installation(settings) as addresses, session() as here:
        say(f"Prefect UI: {addresses.ui_url}/v2/")
        old = _litter(settings.home / "scratch")
        _section(2, f"A goal: {GOAL!r}")
        mission = await _create(here, voice)
        _section(3, "A run by the schedule")
        first = await _run_by_schedule(here, mission, voice)
        _section(4, "The same Task by hand")
        second = await _run_by_hand(here, mission, voice)
        _section(5, "What came of it")
        _show_reports(settings.home, [first, second])
        gone = [file.name for file in old if not file.exists()]
        say(f"\nThe approved change really happened: {', '.join(gone) or 'nothing'} left the scratch directory.")
        say(await _addresses(here, settings.home, mission, [first, second]))
    say(f"\nThe demo took {time.monotonic() - began:.0f} s. All of it stays in {settings.home}.")
    say(f"To look at it in the browser: MISSIONS_HOME={settings.home} missions up")


def _section(number: int, title: str) -> None:
    say(f"\n{'─' * 80}\n{number}/{SECTIONS}  {title}\n{'─' * 80}")


@asynccontextmanager
async def _installation(settings: LocalSettings) -> AsyncGenerator[Addresses]:
    """The installation that runs on the data directory, or one of the demo's own while it lasts."""
    running = read_addresses(settings.home)
    if running is not None:
        yield running
        return
    say("Database, Prefect server, worker and service are starting …")
    own = settings.model_copy(update={"port": _port(settings)})
    async with local_stack(own) as addresses:
        with speaking_to(addresses):
            yield addresses


def _port(settings: LocalSettings) -> int:
    """The usual port, or any free one: a demo does not fail because something else runs."""
    try:
        require_free_port(settings.host, settings.port)
    except InvalidInput:
        return free_port()
    return settings.port


def _litter(scratch: Path) -> list[Path]:
    """Two old files of 1 MB, so that there is something to clean."""
    scratch.mkdir(parents=True, exist_ok=True)
    files = [scratch / "demo-build-cache.bin", scratch / "demo-old-trace.log"]
    long_ago = time.time() - OLD_DAYS * 86_400
    for file in files:
        file.write_bytes(b"demo " * 200_000)
        os.utime(file, (long_ago, long_ago))
    say(f"There is something to clean: two files of 1 MB, {OLD_DAYS} days old, were put into {scratch}.")
    return files


async def _create(here: Session, voice: Voice) -> Mission:
    say("The model reads it, asks for what is missing, and writes a plan.")
    run_id = await start(here.client, "create/create", {"goal": GOAL})
    await _to_end(here, run_id, voice)
    flow_run = await here.client.read_flow_run(UUID(run_id))
    if flow_run.state is None or not flow_run.state.is_completed():
        raise MissionsError(f"The Mission could not be planned: {flow_run.state.message if flow_run.state else ''}")
    say(f"{flow_run.state.message}")
    return await here.store.missions.get(mission_id_for(GOAL, run_id))


async def _run_by_schedule(here: Session, mission: Mission, voice: Voice) -> RunRecord:
    """Take the run that the schedule has laid ahead and bring it forward to now."""
    planned = await _next_scheduled(here, mission)
    say(f"Prefect has laid the next run ahead, for {_due(planned):%Y-%m-%d %H:%M} UTC; it is brought forward to now.\n")
    await here.client.set_flow_run_state(planned.id, Scheduled(), force=True)
    return await _run(here, str(planned.id), voice)


async def _run_by_hand(here: Session, mission: Mission, voice: Voice) -> RunRecord:
    assert mission.plan_version is not None
    plan = await here.store.plans.get(mission.id, mission.plan_version)
    say(f"As with: missions run {mission.id} {plan.tasks[0].name} --wait\n")
    return await _run(here, await start_task(here.client, mission, plan, plan.tasks[0].name), voice)


async def _run(here: Session, run_id: str, voice: Voice) -> RunRecord:
    await _to_end(here, run_id, voice)
    await until_record(here.store, run_id)
    record = await here.store.runs.get(run_id)
    if record.state is not RunState.SUCCESS:
        raise MissionsError(f"The run ended {record.state}: {record.reason}")
    return record


async def _to_end(here: Session, run_id: str, voice: Voice) -> None:
    end = await accompany(here, run_id, voice, stay=False, in_short=True)
    if isinstance(end, Waiting):
        raise MissionsError(f"Nobody answered {end.request.title!r}; the demo ends here.")


async def _next_scheduled(here: Session, mission: Mission) -> FlowRun:
    """The earliest run that Prefect's scheduler has made for the Mission's Task."""
    async with asyncio.timeout(60):
        while True:
            if found := await find_task_runs(mission.id, here.client, states=[StateType.SCHEDULED]):
                return min(found, key=_due)
            await asyncio.sleep(0.5)


def _due(flow_run: FlowRun) -> datetime:
    return flow_run.expected_start_time or datetime.max.replace(tzinfo=UTC)


def _show_reports(home: Path, records: list[RunRecord]) -> None:
    for record in records:
        say(f"Report of the run {short_id(record.id)}, started by {record.started_by}:\n")
        show((home / record.report_path).read_text(encoding="utf-8"))


async def _addresses(here: Session, home: Path, mission: Mission, records: list[RunRecord]) -> str:
    """Where the Mission, its runs and their reports are: pages of the Prefect UI, and files."""
    lines = [f"\nMission  {deployments_page(mission.id)}"]
    for record in records:
        wanted = {"key": {"any_": [report_key(mission.id, record.task)]}, "flow_run_id": {"any_": [record.id]}}
        pages = await here.client.read_artifacts(artifact_filter=ArtifactFilter.model_validate(wanted))
        lines += [f"Run      {run_page(record.id)}", *(f"Report   {artifact_page(str(page.id))}" for page in pages[:1])]
        lines.append(f"         {home / record.report_path}")
    return "\n".join(lines)

"""`missions list show launch`: what Missions there are, and putting a plan in force."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from blueprint.errors import InvalidBlueprint
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Task
from blueprint.records import RunRecord, TaskUsage
from blueprint.stream import Usage
from blueprint.triggers import next_fires
from blueprint.values import short_id
from deployments.changes import Change
from flows.command.answering import asked_in_short, this_person
from flows.command.output import AsJson, Session, command, say, session, show, show_json, show_table
from flows.command.runs import OfMission
from flows.creation.choosing import chosen_plan, drafts_version, found_problems, launch_version
from flows.creation.launching import hindrances, launch_would_do
from flows.links.console import deployments_page
from reports.text import one_line
from reports.times import duration


@command
async def list_missions(
    state: Annotated[MissionState | None, typer.Option(help="Only Missions in this state.", case_sensitive=False)] = None,
    search: Annotated[str, typer.Option(help="Only those whose name, or a Task's, holds this text.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="The first, second, … so many.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List Missions, the last active first."""
    async with session() as here:
        found = await here.store.missions.list(state=state, search=search, limit=limit + 1, offset=(page - 1) * limit)
    shown = found[:limit]
    if as_json:
        return show_json(shown)
    rows = [[mission.id, mission.title, mission.state, _minute(mission.active_at)] for mission in shown]
    show_table(["ID", "NAME", "STATE", "LAST ACTIVE (UTC)"], rows, 'No Missions. Make one: missions create "GOAL"')
    if len(found) > limit:
        say(f"There are more: --page {page + 1}")
    return None


@command
async def show_mission(mission: OfMission, as_json: AsJson = False) -> None:
    """Show a Mission: Tasks, next times, last runs, open questions."""
    async with session() as here:
        await show_one(here, await here.store.missions.find(mission), as_json)


@command
async def launch(
    mission: OfMission,
    version: Annotated[
        int | None, typer.Option(help="Another version than that in force: a newer one, or one to go back to.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be created, changed and deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify a Mission's plan and put it in force; in force already, put right what differs in Prefect."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        if dry_run:
            return _show_changes(await _would_do(here, found, version), as_json)
        await launch_version(here.store, found, version=version, by=this_person())
        return await show_one(here, await here.store.missions.get(found.id), as_json)


async def _would_do(here: Session, mission: Mission, version: int | None) -> list[Change]:
    number, blueprint = await chosen_plan(here.store, mission, version)
    if hindering := hindrances(mission, blueprint, await found_problems(mission, blueprint)):
        raise InvalidBlueprint([str(problem) for problem in hindering])
    return await launch_would_do(here.client, mission, blueprint, number)


def _show_changes(changes: list[Change], as_json: bool) -> None:
    if as_json:
        return show_json(changes)
    rows = [[change.action, change.kind, change.name, change.why] for change in changes]
    return show_table(["ACTION", "WHAT", "NAME", "WHY"], rows, "Nothing would change.")


async def show_one(here: Session, mission: Mission, as_json: bool) -> None:
    """What `missions show` prints."""
    found = await _details(here, mission)
    if as_json:
        return show_json(found)
    version = f"version {found['plan_version']}" if found["plan_version"] else "none yet"
    show(f"{one_line(mission.title, 200)}   {mission.state}\n  id        {mission.id}\n  goal      {one_line(mission.goal, 400)}")
    show(f"  plan      {version}\n  console   {deployments_page(mission.id)}")
    if found["tasks"]:
        show("")
        rows = [[task["name"], _start(task), ", ".join(map(_short, task["next"])) or "-"] for task in found["tasks"]]
        show_table(["TASK", "STARTS", f"NEXT ({found['zone']}){_UNLESS.get(mission.state, '')}"], rows, "")
    if found["runs"]:
        show("")
        runs = [[short_id(run.id), run.task, _state(run), _minute(run.started_at), run.reason] for run in found["runs"]]
        show_table(["RUN", "TASK", "STATE", "STARTED (UTC)", "REASON"], runs, "")
    if used := _used(found["used"], found["planning"]):
        show("")
        show_table(["USED BY", "RUNS", "TOKENS IN", "TOKENS OUT", "COST", "AT WORK"], used, "")
    for request in found["open_requests"]:
        show(f"\nWaits for you: {one_line(request.title, 200)}\n{asked_in_short(request)}")
    return None


async def _details(here: Session, mission: Mission) -> dict[str, Any]:
    version = mission.plan_version or await drafts_version(here.store, mission.id)
    blueprint = await here.store.plans.get(mission.id, version) if version else None
    return {
        **mission.model_dump(mode="json"),
        "plan_version": version,
        "zone": (blueprint and blueprint.timezone) or mission.timezone,
        "tasks": _tasks(mission, blueprint) if blueprint else [],
        "runs": await here.store.runs.list(mission.id, limit=10),
        "used": await here.store.runs.used(mission.id),
        "planning": await here.store.planning_usage.of(mission.id),
        "open_requests": await here.store.requests.all_open(mission.id),
    }


def _used(tasks: Sequence[TaskUsage], planning: Usage) -> list[list[str]]:
    """What each Task's runs that are over have used, what planning has, and all of it."""
    rows = [[one.task, str(one.runs), *_amounts(one.usage), duration(one.running_seconds)] for one in tasks]
    whole = sum((one.usage for one in tasks), planning)
    if planning != Usage():
        rows.append(["(planning)", "", *_amounts(planning), ""])
    return [*rows, ["(all)", "", *_amounts(whole), ""]] if len(rows) > 1 else rows


def _amounts(usage: Usage) -> list[str]:
    return [f"{usage.input_tokens:,}", f"{usage.output_tokens:,}", f"{usage.cost:.4f}"]


def _tasks(mission: Mission, blueprint: Blueprint) -> list[dict[str, Any]]:
    zone = blueprint.timezone or mission.timezone
    return [
        {
            "name": task.name,
            "title": task.title,
            "trigger": task.trigger.kind,
            "after": list(task.after),
            "next": [] if mission.state is MissionState.DELETED else _next_times(task, zone),
        }
        for task in blueprint.tasks
    ]


def _next_times(task: Task, zone: str) -> list[str]:
    fires = () if task.after else next_fires(task.trigger, datetime.now(UTC), zone)
    return [fire.isoformat(timespec="minutes") for fire in fires]


def _start(task: dict[str, Any]) -> str:
    return f"after {', '.join(task['after'])}" if task["after"] else task["trigger"]


def _state(run: RunRecord) -> str:
    return f"{run.state} (waiting)" if run.is_waiting else run.state


_UNLESS = {MissionState.DRAFT: ", once launched", MissionState.PAUSED: ", once enabled"}
"""What the next times depend on."""


def _short(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%a %m-%d %H:%M}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

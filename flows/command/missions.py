"""`missions create list show plan launch`: from a goal to a Mission in force."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.errors import InvalidInput, MissionsError
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from blueprint.triggers import next_fires
from deployments.prefect_yaml import render_prefect_yaml
from flows.command.answering import Prepared, accompany, at_terminal, first_of, how_to_answer, this_person
from flows.command.output import AsJson, Session, command, say, session, show, show_json, show_table
from flows.following import Waiting
from flows.launching import compiled, launch_plan
from flows.links import deployments_page, run_page
from flows.naming import mission_id_for
from flows.risk import policies
from flows.settings import RunSettings
from flows.starting import start
from flows.surroundings import list_tools, verify
from reports.review import review_page


class PlanFormat(StrEnum):
    """How `missions plan` writes a plan."""

    PAGE = "page"
    YAML = "yaml"
    PREFECT_YAML = "prefect-yaml"


@command
async def create(
    goal: Annotated[str, typer.Argument(help="What should be looked after, in plain language.")],
    answer: Annotated[list[str] | None, typer.Option(help="Answer to a clarifying question; may be repeated.")] = None,
    launch: Annotated[bool, typer.Option("--launch", help="Launch the plan as soon as it passes verification.")] = False,
    timezone: Annotated[str, typer.Option(help="IANA time zone of all times.")] = "UTC",
    employee: Annotated[str, typer.Option(help="The Digital Employee that works on it.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Make a Mission of a goal: questions first where something is missing, then the plan for review."""
    if not goal.strip():
        raise InvalidInput("The goal is empty; say what should be looked after, for example: 'Inspect this host every hour'.")
    async with session() as here:
        run_id = await start(here.client, "create/create", {"goal": goal, "timezone": timezone, "employee": employee})
        say(f"Planning: {run_page(run_id)}")
        end = await accompany(here, run_id, first_of(Prepared(texts=list(answer or ()), launch=launch), at_terminal), stay=False)
        if isinstance(end, Waiting):
            say(f"It waits for your answer: {how_to_answer(end.request)}")
        elif end.flow_run.state is None or not end.flow_run.state.is_completed():
            raise MissionsError(end.flow_run.state.message or "The Mission could not be planned." if end.flow_run.state else "")
        await _show_one(here, await here.store.missions.get(mission_id_for(goal, run_id)), as_json)


@command
async def list_missions(
    state: Annotated[MissionState | None, typer.Option(help="Only Missions in this state.", case_sensitive=False)] = None,
    search: Annotated[str, typer.Option(help="Only those whose name, or a Task's, holds this text.")] = "",
    as_json: AsJson = False,
) -> None:
    """List Missions, the last active first."""
    async with session() as here:
        found = await here.store.missions.list(state=state, search=search)
    if as_json:
        return show_json(found)
    rows = [[mission.id, mission.title, mission.state, _minute(mission.active_at)] for mission in found]
    return show_table(["ID", "NAME", "STATE", "LAST ACTIVE (UTC)"], rows, 'No Missions. Make one: missions create "GOAL"')


@command
async def show_mission(mission: str, as_json: AsJson = False) -> None:
    """Show a Mission: state, Tasks with their next times, last runs, open questions."""
    async with session() as here:
        await _show_one(here, await here.store.missions.find(mission), as_json)


@command
async def plan(
    mission: str,
    version: Annotated[int | None, typer.Option(help="A version other than the one in force, or the latest.")] = None,
    output: Annotated[PlanFormat, typer.Option(help="page, yaml or prefect-yaml.")] = PlanFormat.PAGE,
    as_json: AsJson = False,
) -> None:
    """Show a Mission's plan, as a page to read or as a file to keep."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        number, blueprint = await _plan(here, found, version)
        if as_json:
            return show_json({"version": number, "digest": blueprint.digest, "plan": blueprint})
        match output:
            case PlanFormat.PAGE:
                show(await _page(found, number, blueprint))
            case PlanFormat.YAML:
                show(yaml.safe_dump(blueprint.model_dump(mode="json"), sort_keys=False, allow_unicode=True))
            case PlanFormat.PREFECT_YAML:
                show(render_prefect_yaml(compiled(found, blueprint, number)))


@command
async def launch(mission: str, as_json: AsJson = False) -> None:
    """Launch a Draft: verify its latest plan and put it in force."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        number, blueprint = await _plan(here, found, None)
        employee = await (await load_block(DigitalEmployee, found.employee)).employee()
        problems = verify(blueprint, await list_tools(employee, _settings()))
        await launch_plan(here.store, found.id, version=number, digest=blueprint.digest, by=this_person(), problems=problems)
        await _show_one(here, await here.store.missions.get(found.id), as_json)


async def _plan(here: Session, mission: Mission, version: int | None) -> tuple[int, Blueprint]:
    if version is not None:
        return version, await here.store.plans.get(mission.id, version)
    if mission.plan_version is not None:
        return mission.plan_version, await here.store.plans.get(mission.id, mission.plan_version)
    latest = await here.store.plans.latest(mission.id)
    if latest is None:
        raise InvalidInput(f"Mission {mission.id!r} has no plan yet; see `missions show {mission.id}`.")
    return latest


async def _page(mission: Mission, version: int, blueprint: Blueprint) -> str:
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    listing = await list_tools(employee, _settings())
    return review_page(
        mission=mission,
        plan=blueprint,
        version=version,
        now=datetime.now(UTC),
        problems=verify(blueprint, listing),
        policies=policies(employee),
        tools={tool.full_name: tool.traits for tool in listing.tools},
    )


async def _show_one(here: Session, mission: Mission, as_json: bool) -> None:
    found = await _details(here, mission)
    if as_json:
        return show_json(found)
    show(f"{mission.title}   {mission.state}\n  id        {mission.id}\n  goal      {mission.goal}")
    show(f"  plan      version {found['plan_version'] or '-'}\n  console   {deployments_page(mission.id)}\n")
    tasks = [[task["name"], task["trigger"], ", ".join(task["next"]) or "-"] for task in found["tasks"]]
    show_table(["TASK", "TRIGGER", "NEXT"], tasks, "No plan yet.")
    runs = [[run.id[:8], run.task, run.state, _minute(run.started_at), run.reason] for run in found["runs"]]
    show_table(["\nRUN", "TASK", "STATE", "STARTED (UTC)", "REASON"], runs, "")
    for request in found["open_requests"]:
        show(f"\nWaits for you: {request.title}\n  {how_to_answer(request)}")
    return None


async def _details(here: Session, mission: Mission) -> dict[str, Any]:
    latest = await here.store.plans.latest(mission.id)
    version = mission.plan_version or (latest[0] if latest else None)
    blueprint = await here.store.plans.get(mission.id, version) if version else None
    return {
        **mission.model_dump(mode="json"),
        "plan_version": version,
        "tasks": _tasks(mission, blueprint) if blueprint else [],
        "runs": await here.store.runs.list(mission.id, limit=10),
        "open_requests": await here.store.requests.all_open(mission.id),
    }


def _tasks(mission: Mission, blueprint: Blueprint) -> list[dict[str, Any]]:
    zone, now = blueprint.timezone or mission.timezone, datetime.now(UTC)
    return [
        {
            "name": task.name,
            "title": task.title,
            "trigger": task.trigger.kind,
            "next": [fire.isoformat(timespec="minutes") for fire in next_fires(task.trigger, now, zone)],
        }
        for task in blueprint.tasks
    ]


def _settings() -> RunSettings:
    return RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

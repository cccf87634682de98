"""`missions create list show plan launch`: from a goal to a Mission in force."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.errors import InvalidBlueprint, InvalidInput, MissionsError
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from blueprint.triggers import next_fires
from blueprint.values import known_timezone, short_id
from deployments.changes import Change
from deployments.prefect_yaml import render_prefect_yaml
from flows.command.answering import Prepared, accompany, first_of, how_to_answer, this_person
from flows.command.output import AsJson, Session, command, say, session, show, show_json, show_table
from flows.command.runs import OfMission
from flows.command.terminal import at_terminal
from flows.creation.launching import compiled, hindrances, launch_plan, launch_would_do
from flows.creation.surroundings import list_tools, verify
from flows.following import Over
from flows.links import deployments_page, run_page
from flows.naming import mission_id_for
from flows.runs.risk import policies
from flows.settings import RunSettings
from flows.starting import start
from reports.review import review_page
from reports.text import one_line


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
    """Make a Mission of a goal in plain language.

    What is missing is asked for, then the plan is shown for review. Without a terminal the Mission waits as a Draft, and the
    command says how to answer.
    """
    _check(goal, timezone)
    async with session() as here:
        await load_block(DigitalEmployee, employee)
        run_id = await start(here.client, "create/create", {"goal": goal, "timezone": timezone, "employee": employee})
        say(f"Planning: {run_page(run_id)}")
        end = await accompany(here, run_id, first_of(Prepared(texts=list(answer or ()), launch=launch), at_terminal), stay=False)
        if isinstance(end, Over):
            await _require_completed(here, end, mission_id_for(goal, run_id))
        await _show_one(here, await here.store.missions.get(mission_id_for(goal, run_id)), as_json)


def _check(goal: str, timezone: str) -> None:
    """InvalidInput for what would be refused later anyway."""
    if not goal.strip():
        raise InvalidInput("The goal is empty; say what should be looked after, for example: 'Inspect this host every hour'.")
    try:
        known_timezone(timezone)
    except ValueError as error:
        raise InvalidInput(f"{error}.") from error


async def _require_completed(here: Session, end: Over, mission_id: str) -> None:
    """MissionsError that says why there is no plan, and what is left."""
    state = end.flow_run.state
    if state is not None and state.is_completed():
        return
    is_kept = any(mission.id == mission_id for mission in await here.store.missions.list())
    left = f"Mission {mission_id!r} is kept as a Draft without a launched plan" if is_kept else "No Mission was made"
    raise MissionsError(f"{(state.message if state else '') or 'The Mission could not be planned.'} {left}; nothing runs.")


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
async def show_mission(mission: OfMission, as_json: AsJson = False) -> None:
    """Show a Mission: Tasks, next times, last runs, open questions."""
    async with session() as here:
        await _show_one(here, await here.store.missions.find(mission), as_json)


@command
async def plan(
    mission: OfMission,
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
async def launch(
    mission: OfMission,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be created, changed and deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify a Mission's plan and put it in force; in force already, put right what differs in Prefect."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        number, blueprint = await _plan(here, found, None)
        employee = await (await load_block(DigitalEmployee, found.employee)).employee()
        problems = verify(blueprint, await list_tools(employee, _settings()))
        if dry_run:
            if hindering := hindrances(found, blueprint, problems):
                raise InvalidBlueprint([str(problem) for problem in hindering])
            return _show_changes(await launch_would_do(here.client, found, blueprint, number), as_json)
        await launch_plan(here.store, found.id, version=number, digest=blueprint.digest, by=this_person(), problems=problems)
        return await _show_one(here, await here.store.missions.get(found.id), as_json)


def _show_changes(changes: list[Change], as_json: bool) -> None:
    if as_json:
        return show_json(changes)
    rows = [[change.action, change.kind, change.name, change.why] for change in changes]
    return show_table(["ACTION", "WHAT", "NAME", "WHY"], rows, "Nothing would change.")


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
    version = f"version {found['plan_version']}" if found["plan_version"] else "none yet"
    show(f"{one_line(mission.title, 200)}   {mission.state}\n  id        {mission.id}\n  goal      {one_line(mission.goal, 400)}")
    show(f"  plan      {version}\n  console   {deployments_page(mission.id)}")
    if found["tasks"]:
        show("")
        rows = [[task["name"], task["trigger"], ", ".join(map(_short, task["next"])) or "-"] for task in found["tasks"]]
        show_table(["TASK", "TRIGGER", f"NEXT ({found['zone']})"], rows, "")
    if found["runs"]:
        show("")
        runs = [[short_id(run.id), run.task, run.state, _minute(run.started_at), run.reason] for run in found["runs"]]
        show_table(["RUN", "TASK", "STATE", "STARTED (UTC)", "REASON"], runs, "")
    for request in found["open_requests"]:
        show(f"\nWaits for you: {one_line(request.title, 200)}\n{how_to_answer(request)}")
    return None


async def _details(here: Session, mission: Mission) -> dict[str, Any]:
    latest = await here.store.plans.latest(mission.id)
    version = mission.plan_version or (latest[0] if latest else None)
    blueprint = await here.store.plans.get(mission.id, version) if version else None
    return {
        **mission.model_dump(mode="json"),
        "plan_version": version,
        "zone": (blueprint and blueprint.timezone) or mission.timezone,
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


def _short(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%a %m-%d %H:%M}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

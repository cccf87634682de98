"""`missions plan`: a Mission's plan as a page to read, or as a file to keep."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.connections import Employee
from blueprint.diff import diff
from blueprint.errors import InvalidInput
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.records import PlanVersion
from blueprint.validation import Verified
from deployments.prefect_yaml import render_prefect_yaml
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.command.runs import OfMission
from flows.creation.choosing import chosen_plan
from flows.creation.compiling import compiled
from flows.creation.page import plan_page
from flows.creation.plan_file import write_plan
from flows.creation.surroundings import Seen, look_around
from flows.settings import RunSettings
from reports.changes import changes_page
from reports.times import minute


class PlanFormat(StrEnum):
    """How `missions plan` writes a plan."""

    PAGE = "page"
    YAML = "yaml"
    PREFECT_YAML = "prefect-yaml"


@command
async def plan(
    mission: OfMission,
    version: Annotated[int | None, typer.Option(help="A version other than the one in force, or the Draft's.")] = None,
    output: Annotated[PlanFormat, typer.Option(help="page, yaml or prefect-yaml.")] = PlanFormat.PAGE,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check it against what is connected; exit code 1 when it fails.")
    ] = False,
    changes: Annotated[bool, typer.Option("--diff", help="What it changes against the one in force, or before.")] = False,
    against: Annotated[int | None, typer.Option(help="What it changes against this version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a Mission's plan: a page to read, a file to keep, what verification says of it, or what it changes."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        if changes or against is not None:
            return await _changes(here, found, version, against, as_json)
        number, blueprint = await chosen_plan(here.store, found, version)
        if verify:
            _, seen = await _seen(found)
            checks = seen.verify(blueprint, is_in_force=found.plan_digest == blueprint.digest)
            return _show_checks(number, blueprint, checks, as_json)
        if as_json:
            return show_json({"version": number, "digest": blueprint.digest, "plan": blueprint})
        match output:
            case PlanFormat.PAGE:
                employee, seen = await _seen(found)
                show(await plan_page(here.store, found, number, blueprint, employee=employee, seen=seen))
            case PlanFormat.YAML:
                show(write_plan(blueprint))
            case PlanFormat.PREFECT_YAML:
                show(render_prefect_yaml(compiled(found, blueprint, number)))


@command
async def versions(mission: OfMission, as_json: AsJson = False) -> None:
    """List the versions of a Mission's plan: when each was made, who confirmed it when, and which is in force.

    `missions plan MISSION --version N --against M` shows how two differ, `missions launch MISSION --version N` goes back to one.
    """
    async with session() as here:
        found = await here.store.missions.find(mission)
        history = await here.store.plans.history(found.id)
    if as_json:
        return show_json(history)
    rows = [
        [str(one.version), one.title, minute(one.created_at, "UTC"), *_confirmed(one), _force(found, one)]
        for one in reversed(history)
    ]
    return show_table(["VERSION", "NAME", "MADE (UTC)", "CONFIRMED (UTC)", "BY", ""], rows, "There is no plan yet.")


def _confirmed(version: PlanVersion) -> tuple[str, str]:
    return (minute(version.confirmed_at, "UTC"), version.confirmed_by) if version.confirmed_at else ("", "")


def _force(mission: Mission, version: PlanVersion) -> str:
    return "in force" if version.version == mission.plan_version else ""


async def _seen(mission: Mission) -> tuple[Employee, Seen]:
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment
    return employee, await look_around(employee, settings)


async def _changes(here: Session, mission: Mission, version: int | None, against: int | None, as_json: bool) -> None:
    """What a version, the latest if none is named, changes against another; else against the one that it would replace."""
    latest = await here.store.plans.latest(mission.id)
    number, blueprint = await chosen_plan(here.store, mission, version or (latest[0] if latest else None))
    earlier = against or _replaced(mission, number)
    found = diff(await here.store.plans.get(mission.id, earlier), blueprint)
    if as_json:
        return show_json({"version": number, "against": earlier, **asdict(found)})
    return show(changes_page(found, version=number, earlier=earlier, zone=blueprint.timezone or mission.timezone))


def _replaced(mission: Mission, version: int) -> int:
    """The version in force, or the one before; InvalidInput for the first, which replaces none."""
    if mission.plan_version and mission.plan_version != version:
        return mission.plan_version
    if version == 1:
        raise InvalidInput(f"Version 1 of Mission {mission.id!r} is its first plan; name another with --version.")
    return version - 1


def _show_checks(version: int, blueprint: Blueprint, checks: Sequence[Verified], as_json: bool) -> None:
    """Every check by name; the command fails when one of them does."""
    is_ok = all(check.is_ok for check in checks)
    if as_json:
        told = [{"name": check.name, "is_ok": check.is_ok, "found": check.found, "problems": check.problems} for check in checks]
        show_json({"version": version, "digest": blueprint.digest, "is_ok": is_ok, "checks": told})
    else:
        show_table(["CHECK", "RESULT", "FOUND"], [row for check in checks for row in _rows(check)], "")
    if not is_ok:
        raise typer.Exit(1)


def _rows(check: Verified) -> list[list[str]]:
    return [[check.name, "FAILED", str(problem)] for problem in check.problems] or [[check.name, "ok", check.found]]

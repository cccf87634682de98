"""`missions employee`: who plans and executes, with which model, tools and skills (R8.1)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agent.skills import find_skills
from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blueprint.errors import InvalidInput
from flows.command.connections import answer_of, checked_name
from flows.command.output import AsJson, command, session, show, show_json, show_table
from flows.command.tool_servers import listing_of, tool_rule
from flows.tool_logins import by_login

DEFAULT = "default"
employees = typer.Typer(help="Digital Employees.", no_args_is_help=True)


@employees.command("add")
@command
async def add_employee(
    name: str,
    role: Annotated[str, typer.Option(help="What it is and is good at; the first thing that the model is told.")],
    model: Annotated[str, typer.Option(help="Its model; see `missions model list`.")],
    title: Annotated[str, typer.Option(help="What people call it, e.g. 'Night shift SRE'; '' for its name.")] = "",
    rules: Annotated[str, typer.Option(help="What it always keeps to, in plain language.")] = "",
    tools: Annotated[list[str] | None, typer.Option(help="A tool server that it may use; may be repeated.")] = None,
    skill: Annotated[list[Path] | None, typer.Option(help="A folder that holds a SKILL.md; may be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="server.tool=auto|cautious|ask|forbid; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a Digital Employee, once all that it names was found; one of that name is replaced."""
    employee = DigitalEmployee(
        title=title or name,
        role=_said(role),
        rules=rules,
        model=model,
        servers=tools or [],
        skills=[str(folder.expanduser().absolute()) for folder in skill or []],
        tool_rules=[tool_rule(text) for text in rule or []],
    )
    async with session():
        await _require_all(employee)
        await employee.asave(checked_name(name), overwrite=True)
    said = _row(name, employee)
    show_json(said) if as_json else show(f"Digital Employee {name!r} is saved. Next: missions create GOAL --employee {name}")


@employees.command("list")
@command
async def list_employees(as_json: AsJson = False) -> None:
    """List Digital Employees."""
    async with session():
        said = [_row(name, await load_block(DigitalEmployee, name)) for name in await block_names(DigitalEmployee)]
    if as_json:
        return show_json(said)
    rows = [[*(str(row[key]) for key in ("name", "title", "model")), _few(row["tools"]), _few(row["skills"])] for row in said]
    return show_table(["NAME", "TITLE", "MODEL", "TOOLS", "SKILLS"], rows, "No Digital Employees.")


@employees.command("test")
@command
async def try_employee(name: str, as_json: AsJson = False) -> None:
    """Ask its model for one word, list the tools of its servers, and read its skills."""
    async with session():
        employee = await load_block(DigitalEmployee, name)
        model, servers, skills = await _require_all(employee)
        rows = [{"part": f"model {employee.model}", "found": f"answers: {(await answer_of(model, employee.model))[:200]}"}]
        for server in servers:
            listing = await listing_of(server.connection(), by_login())
            rows.append({"part": f"tools {server.connection().name}", "found": f"{len(listing.tools)} tools"})
        rows += [{"part": f"skill {one}", "found": "can be read"} for one in skills]
    if as_json:
        return show_json({"name": name, "parts": rows})
    return show_table(["PART", "FOUND"], [list(row.values()) for row in rows], "")


@employees.command("remove")
@command
async def remove_employee(name: str, as_json: AsJson = False) -> None:
    """Remove a Digital Employee that works for no Mission."""
    async with session() as here:
        await load_block(DigitalEmployee, name)
        if name == DEFAULT:
            raise InvalidInput(f"{DEFAULT!r} works on Missions that name no other; change it in the Prefect UI under Blocks.")
        if used := [mission.id for mission in await here.store.missions.list() if mission.employee == name]:
            raise InvalidInput(f"Digital Employee {name!r} works for {', '.join(used[:5])}; delete these Missions first.")
        await DigitalEmployee.adelete(name)
    show_json({"removed": name}) if as_json else show(f"Digital Employee {name!r} is removed.")


async def _require_all(employee: DigitalEmployee) -> tuple[ModelEndpoint, Sequence[McpServer], Sequence[str]]:
    """Its model, its tool servers and the names of its skills; InvalidInput, with what is wrong, when one can't be had."""
    model = await load_block(ModelEndpoint, employee.model)
    servers = [await load_block(McpServer, server) for server in employee.servers]
    skills = await find_skills(employee.skills, employee.servers)
    if skills.problems:
        raise InvalidInput(" ".join(skills.problems.values()))
    return model, servers, [skill.name for skill in skills.all]


def _row(name: str, employee: DigitalEmployee) -> dict[str, str | list[str]]:
    return {
        "name": name,
        "title": employee.title,
        "model": employee.model,
        "tools": employee.servers,
        "skills": employee.skills,
    }


def _few(names: str | list[str]) -> str:
    return ", ".join(names) or "-"


def _said(role: str) -> str:
    if not role.strip():
        raise InvalidInput("A Digital Employee needs a role; say what it is and is good at with --role.")
    return role

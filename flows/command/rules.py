"""`missions rules`: standing rules, which let calls of one tool through without asking, within bounds (R5.3)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer

from agent.tools.toolset import Tool
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.store.standing_rules import UsedRule
from blueprint.connections import Employee
from blueprint.errors import InvalidInput, UnknownName
from blueprint.mission import Mission
from blueprint.policy import Rule, ToolCall, assess
from blueprint.standing import StandingRule, span
from flows.command.answering import this_person
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.command.runs import OfMission
from flows.creation.surroundings import list_tools
from flows.runs.risk import all_policies, policies
from flows.settings import RunSettings

rules = typer.Typer(help="Standing rules: calls that need no question each time.")


@rules.callback(invoke_without_command=True)
@command
async def list_rules(
    context: typer.Context,
    mission: Annotated[str, typer.Option(help="Only the rules of this Mission.")] = "",
    as_json: AsJson = False,
) -> None:
    """List standing rules, ended ones too; or make and end one with `add` and `revoke`.

    A call whose arguments come from results, logs or alerts is asked about under a rule too, and what is forbidden stays so.
    """
    if context.invoked_subcommand is not None:
        return None
    async with session() as here:
        found = await here.store.standing_rules.list((await here.store.missions.find(mission)).id if mission else None)
    if as_json:
        return show_json([_shown(one) for one in found])
    columns = ["RULE", "MISSION", "TOOL", "ARGUMENTS", "USED A DAY", "EXPIRES (UTC)", "BY", "STATE"]
    return show_table(columns, [_row(one) for one in found], "No standing rules.")


@rules.command("add")
@command
async def add_rule(
    mission: OfMission,
    tool: Annotated[str, typer.Option(help="Exactly one tool: server.tool.")],
    expires: Annotated[str, typer.Option(help="How long it holds: 12h, 7d, 4w; at most 365d.")],
    uses_a_day: Annotated[int, typer.Option(min=1, max=1_000, help="Calls within any 24 hours.")],
    argument: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=PATTERN, one for each argument that a call may have, and must have; repeat it."
            " * stands for anything but blanks and '/', ** for anything."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let calls of a tool through without asking, as far as they fit.

    The rule ends by itself: when it expires, and with the first call that it let through and that goes wrong, or the first
    call of this tool that a person rejects.
    """
    now, patterns = datetime.now(UTC), _patterns(argument or [])
    expires_at = now + _span(expires)
    async with session() as here:
        found = await here.store.missions.find(mission)
        await _check(here, found, tool, patterns)
        rule = StandingRule(
            id=f"r-{uuid4().hex[:8]}",
            mission_id=found.id,
            tool=tool,
            arguments=patterns,
            expires_at=expires_at,
            uses_a_day=uses_a_day,
            made_by=this_person(),
            made_at=now,
        )
        await here.store.standing_rules.add(rule)
    if as_json:
        return show_json(rule)
    bounds = f"{uses_a_day} times within 24 hours, until {_minute(expires_at)} UTC"
    show(f"{rule.id} lets {tool} through with {_arguments(rule)}, {bounds}.\nEnd it: missions rules revoke {rule.id}")
    return None


@rules.command("revoke")
@command
async def revoke_rule(
    rule: Annotated[str, typer.Argument(help="The rule's id, or the beginning of it.")], as_json: AsJson = False
) -> None:
    """End a standing rule now."""
    async with session() as here:
        ended = await here.store.standing_rules.revoke(rule, by=this_person())
    show_json(ended) if as_json else show(f"{ended.id} has ended; calls of {ended.tool} are asked about again.")


async def _check(here: Session, mission: Mission, name: str, patterns: dict[str, str]) -> None:
    """InvalidInput for a rule that could never let a call through, or that would have nothing to do."""
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment
    listing = await list_tools(employee, settings)
    tool = next((tool for tool in listing.tools if tool.full_name == name), None)
    if tool is None:
        raise UnknownName("tool", name, [tool.full_name for tool in listing.tools])
    _check_arguments(tool, patterns)
    await _check_policy(here, mission, employee, tool)


def _check_arguments(tool: Tool, patterns: dict[str, str]) -> None:
    known = list(tool.parameters.get("properties", {}))
    for name in patterns:
        if known and name not in known:
            raise UnknownName(f"argument of {tool.full_name}", name, known)
    if missing := [name for name in tool.parameters.get("required", []) if name not in patterns]:
        raise InvalidInput(f"A call of {tool.full_name} has the arguments {', '.join(missing)}; give --argument for each.")


async def _check_policy(here: Session, mission: Mission, employee: Employee, tool: Tool) -> None:
    levels = policies(employee)
    if mission.plan_version is not None:
        levels = all_policies(await here.store.plans.get(mission.id, mission.plan_version), employee)
    verdict = assess(levels, ToolCall(id="", server=tool.server, tool=tool.name, arguments={}), tool.traits)
    if verdict.rule is Rule.FORBID:
        raise InvalidInput(f"{tool.full_name} is forbidden: {verdict.reason}. A standing rule can't lift that.")
    if verdict.rule is not Rule.ASK:
        raise InvalidInput(f"{tool.full_name} is not asked about: {verdict.reason}. It needs no standing rule.")


def _patterns(given: list[str]) -> dict[str, str]:
    patterns: dict[str, str] = {}
    for text in given:
        name, mark, pattern = text.partition("=")
        if not (name and mark) or name in patterns:
            raise InvalidInput(f"--argument {text!r} can't be used; write NAME=PATTERN, each name once.")
        patterns[name] = pattern
    return patterns


def _span(text: str) -> timedelta:
    try:
        return span(text)
    except ValueError as error:
        raise InvalidInput(f"--expires: {error}.") from error


def _shown(one: UsedRule) -> dict[str, object]:
    return {**one.rule.model_dump(mode="json"), "state": one.state, "used_within_a_day": one.used}


def _row(one: UsedRule) -> list[str]:
    rule = one.rule
    used = f"{one.used} of {rule.uses_a_day}"
    return [rule.id, rule.mission_id, rule.tool, _arguments(rule), used, _minute(rule.expires_at), rule.made_by, one.state]


def _arguments(rule: StandingRule) -> str:
    return ", ".join(f"{name}={pattern}" for name, pattern in rule.arguments.items()) or "no arguments"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

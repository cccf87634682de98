"""`missions create`: makes a Mission of a goal, of a plan in a file, or of a template."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.errors import InvalidBlueprint, InvalidInput, MissionsError
from blueprint.plan import Blueprint
from blueprint.template import Template
from blueprint.validation import problems_of
from blueprint.values import known_timezone
from flows.command.answering import Prepared, accompany, first_of
from flows.command.missions import show_one
from flows.command.output import AsJson, Session, command, say, session
from flows.command.terminal import at_terminal, read_line
from flows.creation.creating import Commission
from flows.creation.plan_file import read_plan, read_text, write_plan
from flows.creation.surroundings import look_around
from flows.creation.templates import load_template
from flows.following import Over
from flows.links.console import run_page
from flows.naming import mission_id_for
from flows.settings import RunSettings
from flows.starting import start


@command
async def create(
    goal: Annotated[str, typer.Argument(help="What should be looked after, in plain language.")] = "",
    blueprint: Annotated[Path | None, typer.Option(help="A plan as YAML, instead of a goal; - reads it from stdin.")] = None,
    template: Annotated[str, typer.Option(help="A template's name, see `missions templates`, or a file made of one.")] = "",
    answers: Annotated[list[str] | None, typer.Option("--set", help="name=value: answer to a question of the template.")] = None,
    answer: Annotated[list[str] | None, typer.Option(help="Answer to a clarifying question; may be repeated.")] = None,
    launch: Annotated[bool, typer.Option("--launch", help="Launch the plan as soon as it passes verification.")] = False,
    timezone: Annotated[str, typer.Option(help="IANA time zone of all times.")] = "UTC",
    employee: Annotated[str, typer.Option(help="The Digital Employee that works on it.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Make a Mission of a goal in plain language, of a plan in a file, or of a template.

    What is missing is asked for, then the plan is shown for review. Without a terminal the Mission waits as a Draft, and the
    command says how to answer.
    """
    if sum((bool(goal.strip()), blueprint is not None, bool(template))) > 1:
        raise InvalidInput("Give a goal, --blueprint or --template, and only one of them: a plan says its goal itself.")
    text = _brought(blueprint, template, answers or ())
    plan = read_plan(text) if text else None
    wanted = Commission(goal=_goal(goal, plan), timezone=_zone(timezone), employee=employee, plan=text)
    async with session() as here:
        if plan:
            await _require_sound(plan, employee)
        mission_id = await _create(here, wanted, Prepared(texts=list(answer or ()), launch=launch))
        await show_one(here, await here.store.missions.get(mission_id), as_json)


def _brought(blueprint: Path | None, template: str, given: Sequence[str]) -> str:
    """The plan that was brought, as YAML, empty for none; InvalidInput when it can't be used."""
    if given and not template:
        raise InvalidInput("--set answers the questions of a template; name one with --template.")
    if template:
        chosen = load_template(template)
        return write_plan(chosen.fill(_asked(chosen, _answers(given))))
    return read_text(blueprint) if blueprint else ""


def _answers(given: Sequence[str]) -> dict[str, str]:
    pairs = [said.partition("=") for said in given]
    if wrong := [said for said, (name, mark, _) in zip(given, pairs, strict=True) if not (name.strip() and mark)]:
        raise InvalidInput(f"{wrong[0]!r} is no answer; write --set name=value.")
    return {name.strip(): value for name, _, value in pairs}


def _asked(template: Template, answers: dict[str, str]) -> dict[str, str]:
    """The answers, and at a terminal those to the questions that are still open."""
    if not sys.stdin.isatty():
        return answers
    said = dict(answers)
    with suppress(EOFError):  # Ctrl-D: what is open then is named
        for question in template.missing(answers):
            said[question.name] = read_line(f"{question.text}\n{question.name}: ")
    return said


def _goal(goal: str, plan: Blueprint | None) -> str:
    """What the Mission is for; InvalidInput when nothing says it."""
    if plan is None and not goal.strip():
        raise InvalidInput("The goal is empty; say what should be looked after, for example: 'Inspect this host every hour'.")
    return plan.goal if plan is not None else goal


def _zone(name: str) -> str:
    try:
        return known_timezone(name)
    except ValueError as error:
        raise InvalidInput(f"{error}.") from error


async def _require_sound(plan: Blueprint, employee: str) -> None:
    """InvalidBlueprint before anything is made: whoever brings a file can mend it and come again."""
    found = await (await load_block(DigitalEmployee, employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment
    if problems := problems_of((await look_around(found, settings)).verify(plan)):
        raise InvalidBlueprint([str(problem) for problem in problems])


async def _create(here: Session, wanted: Commission, prepared: Prepared) -> str:
    """Start the creation and stay with it until it is over or waits for somebody else; gives the Mission's id."""
    await load_block(DigitalEmployee, wanted.employee)
    run_id = await start(here.client, "create/create", asdict(wanted))
    say(f"Planning: {run_page(run_id)}")
    end = await accompany(here, run_id, first_of(prepared, at_terminal), stay=False)
    mission_id = mission_id_for(wanted.goal, run_id)
    if isinstance(end, Over):
        await _require_completed(here, end, mission_id)
    return mission_id


async def _require_completed(here: Session, end: Over, mission_id: str) -> None:
    """MissionsError that says why there is no plan, and what is left."""
    state = end.flow_run.state
    if state is not None and state.is_completed():
        return
    is_kept = any(mission.id == mission_id for mission in await here.store.missions.list())
    left = f"Mission {mission_id!r} is kept as a Draft without a launched plan" if is_kept else "No Mission was made"
    raise MissionsError(f"{(state.message if state else '') or 'The Mission could not be planned.'} {left}; nothing runs.")

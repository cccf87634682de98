"""`missions replay`: what a run would do today with the same answers of its model, tools and people (R4.11)."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from agent.replay.comparing import Difference
from agent.replay.replaying import Present, RecordedRun, Replayed
from agent.replay.replaying import replay as replayed
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.errors import InvalidInput
from blueprint.records import RunRecord
from blueprint.values import canonical_json
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.command.runs import OfRun
from flows.runs.risk import all_policies, trusted_texts
from flows.settings import RunSettings


@command
async def replay(
    run: OfRun = "",
    save: Annotated[Path | None, typer.Option(help="Write the run and the rules of today to this file instead.")] = None,
    file: Annotated[Path | None, typer.Option(help="Replay a run from such a file, with the rules that it holds.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replay a run's recorded answers against the present code, plan and rules, and show what would be different.

    Nothing is done and nothing is asked: no model, no tool server, no person. Exit code 1 when something differs.
    """
    if bool(run) == (file is not None):
        raise InvalidInput("Name a run, or a file with --file; one of the two.")
    recorded = await asyncio.to_thread(_read, file) if file else await _recorded(run)
    if save is not None:
        await asyncio.to_thread(save.write_text, recorded.model_dump_json(indent=1), encoding="utf-8")
        return show_json({"run": recorded.record.id, "file": str(save)}) if as_json else show(f"Saved to {save}.")
    outcome = await replayed(recorded)
    if as_json:
        show_json({"run": recorded.record.id, **outcome.model_dump(mode="json")})
    else:
        _show(outcome)
    if outcome.differences:
        raise typer.Exit(1)
    return None


def _read(file: Path) -> RecordedRun:
    try:
        return RecordedRun.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        why = str(error).splitlines()[0]
        raise InvalidInput(f"{str(file)!r} holds no recorded run that this version can read: {why}.") from error


async def _recorded(run: str) -> RecordedRun:
    async with session() as here:
        record = await here.store.runs.find(run)
        entries = await here.store.journal.read(record.id)
        return RecordedRun(record=record, entries=tuple(entries), present=await _present(here, record))


async def _present(here: Session, record: RunRecord) -> Present:
    """The plan in force, as far as it still has the Task; the employee's and the servers' rules; the Mission's standing rules."""
    mission = await here.store.missions.get(record.mission_id)
    plan = await here.store.plans.get(mission.id, mission.plan_version or record.plan_version)
    if plan.task(record.task) is None:
        plan = await here.store.plans.get(mission.id, record.plan_version)
    task = plan.task(record.task)
    assert task is not None, "a run is admitted only with a Task of its plan"
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    settings = RunSettings()  # pyright: ignore[reportCallIssue] the command's entry point sets the environment
    return Present(
        policies=tuple(all_policies(plan, employee)),
        trusted=tuple(trusted_texts(mission, plan, task, employee)),
        strategy=task.strategy,
        rules=tuple(used.rule for used in await here.store.standing_rules.list(mission.id)),
        look_again_seconds=settings.look_again_seconds,
    )


def _show(outcome: Replayed) -> None:
    show(f"Replayed {outcome.answers} answers of the model and {outcome.calls} calls; nothing outside was touched.")
    rows = [_row(difference) for difference in outcome.differences]
    show_table(["STEP", "WHAT", "WAS", "WOULD BE NOW", "BECAUSE"], rows, "No difference.")


def _row(difference: Difference) -> list[str]:
    arguments = f" {canonical_json(difference.arguments)}" if difference.arguments else ""
    step = f"#{difference.step}" if difference.step else ""
    return [step, f"{difference.what}{arguments}", difference.was, difference.now, difference.because]

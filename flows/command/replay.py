"""`missions replay`: what a run would do today with the same answers of its model, tools and people (R4.11)."""

from datetime import timedelta

import typer

from agent.replay.comparing import Difference
from agent.replay.replaying import Present, Replayed
from agent.replay.replaying import replay as replayed
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.records import RunRecord
from blueprint.values import canonical_json
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.command.runs import OfRun
from flows.runs.risk import all_policies, trusted_texts
from flows.settings import RunSettings


@command
async def replay(run: OfRun, as_json: AsJson = False) -> None:
    """Replay a run's recorded answers against the present code, plan and rules, and show what would be different.

    Nothing is done and nothing is asked: no model, no tool server, no person. Exit code 1 when something differs.
    """
    async with session() as here:
        record = await here.store.runs.find(run)
        entries = await here.store.journal.read(record.id)
        outcome = await replayed(record, entries, await _present(here, record))
    if as_json:
        show_json({"run": record.id, **outcome.model_dump(mode="json")})
    else:
        _show(outcome)
    if outcome.differences:
        raise typer.Exit(1)


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
        policies=all_policies(plan, employee),
        trusted=trusted_texts(mission, plan, task, employee),
        strategy=task.strategy,
        rules=[used.rule for used in await here.store.standing_rules.list(mission.id)],
        fresh_for=timedelta(seconds=settings.look_again_seconds),
    )


def _show(outcome: Replayed) -> None:
    show(f"Replayed {outcome.answers} answers of the model and {outcome.calls} calls; nothing outside was touched.")
    rows = [_row(difference) for difference in outcome.differences]
    show_table(["STEP", "WHAT", "WAS", "WOULD BE NOW", "BECAUSE"], rows, "No difference.")


def _row(difference: Difference) -> list[str]:
    arguments = f" {canonical_json(difference.arguments)}" if difference.arguments else ""
    step = f"#{difference.step}" if difference.step else ""
    return [step, f"{difference.what}{arguments}", difference.was, difference.now, difference.because]

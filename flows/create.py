"""The flow that makes a Mission of a goal in plain language."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from flows.creation.creating import Commission, create_to_end
from flows.creation.plan_file import LARGEST_FILE
from reports.text import unlinked


def _run_name() -> str:
    """`create: Inspect this host every day`, so that several creations can be told apart. Prefect logs it."""
    return unlinked(f"create: {flow_run.parameters.get('goal', '')}", 80)


@flow(name="create", flow_run_name=_run_name, persist_result=False)
async def create(
    goal: Annotated[str, Field(min_length=1, max_length=8_000, pattern=r"\S")],
    timezone: str = "UTC",
    employee: str = "default",
    plan: Annotated[str, Field(max_length=LARGEST_FILE)] = "",
) -> State:
    """Make a Mission: the goal is read, what is missing is asked for, and the plan is shown before anything is launched.

    Args:
        goal: What should be looked after, in plain language: what to inspect, when, whom to tell, what may be changed.
        timezone: IANA time zone of all times, for example Europe/Berlin.
        employee: Block name of the Digital Employee that works on it.
        plan: A Blueprint as YAML, to be reviewed as it is; empty to have one written for the goal.
    """
    return await create_to_end(Commission(goal=goal, timezone=timezone, employee=employee, plan=plan))

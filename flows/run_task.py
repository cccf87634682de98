"""The flow of every Task's deployment: one run of one Task."""

from prefect import flow
from prefect.client.schemas.objects import State

from blueprint.occasion import EventGiven
from flows.runs.running import run_to_end


@flow(name="run-task", flow_run_name="{task}", persist_result=False)
async def run_task(mission: str, task: str, event: EventGiven | None = None) -> State:
    """Run one Task of a Mission once, guarded and recorded, to its report.

    Args:
        mission: The Mission's id.
        task: The Task's name in the Mission's plan.
        event: What the run is to look at; given by the automation that starts it.
    """
    return await run_to_end(mission, task)

"""A flow run that waits for its turn: scheduled and named Queued, without a process (R2.8)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Scheduled

QUEUED = "Queued"
LOOKS_AGAIN = timedelta(hours=1)
"""A run that nobody calls, because no reconciler works, asks the gate again after so long."""


async def put_off(run_id: str, reason: str) -> None:
    """Schedule the run for later, until it is called. It is left alone when people have cancelled it."""
    later = datetime.now(UTC) + LOOKS_AGAIN
    async with get_client() as client:
        await client.set_flow_run_state(UUID(run_id), Scheduled(scheduled_time=later, name=QUEUED, message=reason))


def is_queued(state: State) -> bool:
    """Whether the run waits to be called."""
    return state.is_scheduled() and state.name == QUEUED


async def call(client: PrefectClient, run_id: str) -> None:
    """It is its turn: a worker starts the run now, which passes the gate again."""
    await client.set_flow_run_state(UUID(run_id), Scheduled(message="Its turn has come."))

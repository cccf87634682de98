"""Lets a run end between two steps when its worker is told to stop; it goes on as soon as a worker has started (R4.8).

The worker asks with a signal, again and again until the process has gone. Workers of other kinds never ask: they kill,
and the reconciler starts the runs again.
"""

import signal
import threading
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.states import Scheduled

from deployments.worker.child import STOP_SIGNAL
from flows.runs.picture import Picture


class StopAsked(Exception):
    """Not an error: the work ends here for now, and all that was done is in the journal."""


class StopRequest:
    """Whether the worker wants this process to end."""

    def __init__(self) -> None:
        self.is_made = False

    @classmethod
    def heard(cls) -> "StopRequest":
        """One that hears the worker for as long as the process lives: a process that is ending is asked, too."""
        request = cls()
        if threading.current_thread() is threading.main_thread():  # elsewhere nobody asks
            signal.signal(STOP_SIGNAL, request.make)
        return request

    def make(self, *_: object) -> None:
        """Ask."""
        self.is_made = True

    async def heed(self, picture: Picture) -> None:
        """To be called where the work can end: StopAsked, with the picture complete, when the worker has asked."""
        if self.is_made:
            await picture.finish()
            raise StopAsked


async def put_back(run_id: str) -> None:
    """Schedule the run to go on, for now: the next worker takes it. It is left alone when people have cancelled it."""
    async with get_client() as client:
        await client.set_flow_run_state(UUID(run_id), Scheduled(name="Resuming"))

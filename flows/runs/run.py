"""One execution of a run: what was admitted, and with what it works."""

from dataclasses import dataclass

from blueprint.occasion import EventGiven
from blueprint.plan import Task
from flows.runs.admitting import Admitted
from flows.runs.lease import Lease
from flows.runs.picture import Picture
from flows.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of an admitted run."""

    admitted: Admitted
    lease: Lease
    picture: Picture
    settings: RunSettings
    event: EventGiven | None = None

    @property
    def task(self) -> Task:
        """The Task as the run's plan has it."""
        task = self.admitted.plan.task(self.admitted.record.task)
        assert task is not None, "a run is admitted only with a Task of its plan"
        return task

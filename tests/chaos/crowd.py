"""Keeps so many runs of a trial under way at once, each of a Mission of its own, until it is told to stop."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from blocks.store.store import Store
from deployments.compiler import TASK_FLOW, deployment_name
from tests.chaos.person import AWAY
from tests.chaos.script import Script, write_script
from tests.fakes.installation import Installation


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Who starts runs. `started` holds the script of each by the run's id."""

    here: Installation
    store: Store
    employee: str
    chance: random.Random
    size: int
    tell: Callable[[str], None]
    started: dict[str, Script] = field(default_factory=dict[str, Script])

    async def keep_going(self) -> None:
        """Start a run whenever fewer than `size` are under way; for ever."""
        while True:
            while len(await self.under_way()) < self.size:
                await self._start(write_script(f"run{len(self.started) + 1}", self.chance))
            await asyncio.sleep(0.5)

    async def under_way(self) -> list[str]:
        """The runs that have no report yet, as far as the store can be asked."""
        try:
            records = {run_id: await self.store.runs.find_started(run_id) for run_id in self.started}
        except AWAY:
            return list(self.started)
        return [run_id for run_id, record in records.items() if record is None or not record.report_path]

    async def _start(self, script: Script) -> None:
        """One run of the script, however often that has to be tried."""
        while True:
            try:
                mission = await self.here.launch(script.task, employee=self.employee, policy=script.policy)
                name = f"{TASK_FLOW}/{deployment_name(mission.id, script.task.name)}"
                parameters = {"mission": mission.id, "task": script.task.name}
                async with self.here.client() as client:
                    deployment = await client.read_deployment_by_name(name)
                    run = await client.create_flow_run_from_deployment(
                        deployment.id, parameters=parameters, idempotency_key=script.name
                    )
            except AWAY:
                await asyncio.sleep(0.5)
            else:
                self.started[str(run.id)] = script
                self.tell(f"{script.name} is {run.id}: {', '.join(step.kind for step in script.steps)}")
                return

"""Starts Tasks that run after others, once for each round of these, and records why one does not run (R2.6)."""

import logging
from dataclasses import dataclass

from prefect.client.orchestration import PrefectClient

from blocks.store.rounds import ClosedRound
from blocks.store.store import Store
from blueprint.admission import Skip, skip, without_round
from blueprint.plan import Blueprint
from blueprint.records import FireRecord, Refusal, StartedBy
from deployments.compiler import TASK_FLOW, deployment_name

logger = logging.getLogger(__name__)


@dataclass
class Mark:
    """Up to which end of a run all rounds have been counted by this process; nothing yet at its start."""

    place: int = -1


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Needs the store and Prefect; may be stopped anywhere, and done again or twice at once."""

    store: Store
    client: PrefectClient

    async def count(self, mission_id: str) -> bool:
        """Count the ends of the Mission's runs into the rounds of its Tasks; True when it is done."""
        plan = await self._plan(mission_id)
        if plan is not None:
            await self.store.rounds.begin(mission_id, plan.dependents)  # a launch that was killed has left it undone
            for task in plan.dependents:
                while await self.store.rounds.count(mission_id, task):
                    pass
        return True

    async def settle(self, closed: ClosedRound) -> bool:
        """Start the Task's run for this round, or record why it does not run; always gives True."""
        refused = await self._refusal(closed)
        if refused is None:
            await self._start(closed)
        else:
            await self._record(closed, refused)
        await self.store.rounds.settle(closed)
        return True

    async def _refusal(self, closed: ClosedRound) -> Skip | None:
        mission, plan = await self.store.missions.get(closed.mission_id), await self._plan(closed.mission_id)
        task = plan.task(closed.task) if plan else None
        if task is None:
            return skip(Refusal.NOT_IN_PLAN, what=f"Task {closed.task!r}", version=mission.plan_version)
        return without_round(task, closed.round.id, closed.round)

    async def _start(self, closed: ClosedRound) -> None:
        """Prefect knows the key: however often it is asked, there is one run."""
        name = deployment_name(closed.mission_id, closed.task)
        deployment = await self.client.read_deployment_by_name(f"{TASK_FLOW}/{name}")
        await self.client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"mission": closed.mission_id, "task": closed.task, "round": closed.round.id},
            idempotency_key=_key(closed),
        )
        logger.info("Task %s of %s is due in round %s.", closed.task, closed.mission_id, closed.round.id)

    async def _record(self, closed: ClosedRound, refused: Skip) -> None:
        now = await self.store.now()
        await self.store.fires.add(
            FireRecord(
                mission_id=closed.mission_id,
                task=closed.task,
                run_id=_key(closed),
                scheduled_for=now,
                at=now,
                reason=refused.reason,
                refusal=refused.refusal,
                started_by=StartedBy.DEPENDENCY,
            )
        )

    async def _plan(self, mission_id: str) -> Blueprint | None:
        mission = await self.store.missions.get(mission_id)
        return await self.store.plans.get(mission_id, mission.plan_version) if mission.plan_version else None


def _key(closed: ClosedRound) -> str:
    return f"round:{closed.mission_id}:{closed.task}:{closed.round.id}"

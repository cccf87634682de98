"""Puts on record the fires that never came, because Prefect was down for so long that it never laid them (R2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType

from blocks.store.store import Store
from blueprint.admission import skip
from blueprint.missed import COMES_WITHIN, Account, NeverCame, due_since, never_came
from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.records import FireRecord, Refusal, StartedBy
from blueprint.triggers import Cron
from deployments.compiler import deployment_name

_TO_COME = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]
_AT_ONCE = 200
"""So many flow runs Prefect's server lists at once; it never lays more ahead than fit into an hour."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Needs the store and Prefect. A look is idempotent; it starts nothing."""

    store: Store
    client: PrefectClient

    async def look(self, mission_id: str) -> bool:
        """Account for all timers of the Mission up to some minutes ago; whether anything was put on record."""
        mission = await self.store.missions.get(mission_id)
        plan = await self.store.plans.get(mission_id, mission.plan_version) if mission.plan_version else None
        zone = (plan.timezone if plan else "") or mission.timezone
        timers = [(task, task.trigger) for task in (plan.tasks if plan else ()) if not task.after]
        return any([await self._account(mission, task, timer, zone) for task, timer in timers if isinstance(timer, Cron)])

    async def _account(self, mission: Mission, task: Task, trigger: Cron, zone: str) -> bool:
        now, account = await self.store.now(), await self.store.timers.get(mission.id, task.name)
        if account is None or account.trigger != trigger:
            await self.store.timers.set(mission.id, task.name, Account(trigger=trigger, until=now))
            return False
        due = due_since(account, now, zone)
        if not due:
            return False
        # Prefect first: a run that begins between the two questions is then known twice, and not to nobody.
        came = [*await self._to_come(mission, task, due), *await self._came(mission, task, account)]
        missing = never_came(due, came)
        if missing is not None:
            await self.store.fires.add(_record(mission, task, account, missing, now))
        await self.store.timers.set(mission.id, task.name, Account(trigger=trigger, until=now - COMES_WITHIN))
        return missing is not None

    async def _came(self, mission: Mission, task: Task, account: Account) -> list[datetime]:
        runs = await self.store.runs.recent(mission.id, task.name, account.until)
        fires = await self.store.fires.since(mission.id, account.until)
        queue = await self.store.queue.of_task(mission.id, task.name)
        return [one.scheduled_for for one in (*runs, *queue, *(fire for fire in fires if fire.task == task.name))]

    async def _to_come(self, mission: Mission, task: Task, due: Sequence[datetime]) -> list[datetime]:
        wanted = {"state": {"type": {"any_": _TO_COME}}, "expected_start_time": {"before_": due[-1], "after_": due[0]}}
        named = {"name": {"any_": [deployment_name(mission.id, task.name)]}}
        runs = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(wanted),
            deployment_filter=DeploymentFilter.model_validate(named),
            limit=_AT_ONCE,
        )
        return [datetime.fromtimestamp(run.expected_start_time.timestamp(), UTC) for run in runs if run.expected_start_time]


def _record(mission: Mission, task: Task, account: Account, missing: NeverCame, now: datetime) -> FireRecord:
    """It has no flow run; its id is the same when the same span is looked at again."""
    return FireRecord(
        mission_id=mission.id,
        task=task.name,
        run_id=f"missed:{mission.id}:{task.name}:{account.until.timestamp():.0f}",
        scheduled_for=missing.last,
        at=now,
        reason=skip(Refusal.NEVER_CAME, what=missing.what).reason,
        refusal=Refusal.NEVER_CAME,
        started_by=StartedBy.CRON,
        count=missing.count,
    )

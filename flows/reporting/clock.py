"""Starts Mission Reports when they are due (R6.2)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from prefect.client.orchestration import PrefectClient, get_client

from blocks.store.store import Store
from blueprint.mission import Mission, MissionState
from blueprint.reporting import due_period, next_report
from flows.lasting import again_and_again
from flows.opening import open_store
from flows.starting import start

DEPLOYMENT = "report/report"


_LOOK_SECONDS = 30.0

StartReport = Callable[[str, datetime, datetime], Awaitable[None]]
"""Of a Mission, from then, until then; the same period twice is one report."""


async def report_forever() -> None:
    """Look every half minute whether a report is due; survives whatever is down for a while."""

    async def look() -> None:
        async with open_store() as store, get_client() as client:
            clock = ReportClock(store=store, start=partial(start_report, client))
            while True:
                await clock.start_due()
                await asyncio.sleep(_LOOK_SECONDS)

    await again_and_again(look, what="Starting Mission Reports")


async def start_report(client: PrefectClient, mission_id: str, since: datetime, until: datetime) -> None:
    """Start the flow that reports this period; the same period again is the same flow run."""
    parameters = {"mission": mission_id, "since": since.isoformat(), "until": until.isoformat()}
    await start(client, DEPLOYMENT, parameters, once_key=f"report:{mission_id}:{until.isoformat()}")


@dataclass(frozen=True, kw_only=True)
class ReportClock:
    """Remembers when each Mission's next report is due, so that most rounds compare two times and ask nothing."""

    store: Store
    start: StartReport
    _next: dict[str, tuple[str, datetime | None]] = field(default_factory=dict[str, tuple[str, datetime | None]])

    async def start_due(self) -> int:
        """Start what is due by now; gives how many. A report that is started twice is one flow run."""
        now = await self.store.now()
        missions = await self.store.missions.list(MissionState.ACTIVE)
        return sum([await self._start(mission, now) for mission in missions if await self._may_be_due(mission, now)])

    async def _may_be_due(self, mission: Mission, now: datetime) -> bool:
        known, due = self._next.get(mission.id, ("", None))
        if known != _times(mission):
            due = next_report(mission.reports.cron, await self._reported_until(mission), mission.timezone)
            self._next[mission.id] = (_times(mission), due)
        return due is not None and due <= now

    async def _start(self, mission: Mission, now: datetime) -> bool:
        cron, zone = mission.reports.cron, mission.timezone
        period = due_period(cron, await self._reported_until(mission), now, zone)
        if period is not None:
            await self.start(mission.id, *period)
        self._next[mission.id] = (_times(mission), next_report(cron, period[1] if period else now, zone))
        return period is not None

    async def _reported_until(self, mission: Mission) -> datetime:
        """The end of its last report, at first the time at which its plan was first confirmed."""
        reported = (await self.store.mission_reports.reported_until()).get(mission.id)
        confirmed = [version.confirmed_at for version in await self.store.plans.history(mission.id) if version.confirmed_at]
        return max(reported or mission.created_at, min(confirmed, default=mission.created_at))


def _times(mission: Mission) -> str:
    return f"{mission.reports.cron} {mission.timezone}"

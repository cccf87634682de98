"""How long it takes to list, search and show Missions and to draw a calendar, and how that grows from 100 to 1,000 Missions.

python -m benchmarks.many_missions
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import monotonic

import psutil

from benchmarks.machine import Row, machine_line, table
from blocks.store.migrate import migrate
from blocks.store.store import Store, open_store
from blocks.store.tables import runs as runs_table
from blueprint.calendar import entries, read_month
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from blueprint.records import RunRecord, RunState, StartedBy
from blueprint.stream import Conclusion
from blueprint.triggers import Cron
from reports.calendar import calendar_page
from tests.blocks.postgres import running_postgres
from tests.fakes.installation import task

COUNTS = (100, 1_000)
TASKS, RECORDS = 10, 20
TIMES = 7
PAGE = 50
NOW = datetime.now(UTC)


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    load = psutil.getloadavg()[0]
    rows = asyncio.run(_measure())
    head = ("what", *(f"{count:,} Missions" for count in COUNTS))
    print("\n".join([f"{machine_line()}, load of other work {load:.1f}", "", *table(rows, head=head)]))


async def _measure() -> list[Row]:
    async with running_postgres() as postgres, open_store(postgres.url) as store:
        await migrate(store.engine)
        seen = [await _times(store, have, want) for have, want in zip((0, *COUNTS), COUNTS, strict=False)]
    return [(what, *(f"{1000 * one[what]:.0f} ms" for one in seen)) for what in seen[0]]


async def _times(store: Store, have: int, want: int) -> dict[str, float]:
    """Seconds for each thing that people do, in the median, once there are so many Missions."""
    for number in range(have, want):
        await _add(store, number)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        f"list, the first {PAGE}": lambda: store.missions.list(limit=PAGE),
        f"list, the last {PAGE}": lambda: store.missions.list(limit=PAGE, offset=want - PAGE),
        "list, only the paused": lambda: store.missions.list(MissionState.PAUSED, limit=PAGE),
        "search, a Task's name": lambda: store.missions.list(search="task-7 of 42", limit=PAGE),
        "search, nothing fits": lambda: store.missions.list(search="no such thing", limit=PAGE),
        "find by the beginning of the id": lambda: store.missions.find(f"mission-{want - 1:05d}"),
        "show: plan, last runs, open questions": lambda: _show(store, want // 2),
        "the page of a month's records": lambda: _calendar(store, want // 2),
        "the index of the console": lambda: store.missions.marks(limit=200),
    }
    return {what: median([await _seconds(ask) for _ in range(TIMES)]) for what, ask in asked.items()}


async def _seconds(ask: Callable[[], Awaitable[object]]) -> float:
    began = monotonic()
    await ask()
    return monotonic() - began


async def _add(store: Store, number: int) -> None:
    state = MissionState.PAUSED if number % 10 == 0 else MissionState.ACTIVE
    mission = Mission(
        id=_id(number),
        title=f"Mission {number}",
        goal="Look after it.",
        state=state,
        plan_version=1,
        created_at=NOW,
        active_at=NOW,
    )
    tasks = [
        task(f"task-{one}", trigger=Cron(cron=f"{one} 2 * * *")).model_copy(update={"title": f"task-{one} of {number}"})
        for one in range(TASKS)
    ]
    await store.missions.add(mission)
    await store.plans.add(mission.id, Blueprint(title=mission.title, goal=mission.goal, timezone="UTC", tasks=tuple(tasks)), NOW)
    rows = [_run(mission.id, one) for one in range(RECORDS)]
    async with store.engine.begin() as connection:
        await connection.execute(runs_table.insert(), rows)


def _id(number: int) -> str:
    return f"mission-{number:05d}"


def _run(mission_id: str, number: int) -> dict[str, object]:
    at = NOW - timedelta(hours=number)
    record = RunRecord(
        id=f"{mission_id}-run-{number:08d}",
        mission_id=mission_id,
        task=f"task-{number % TASKS}",
        plan_version=1,
        started_by=StartedBy.CRON,
        scheduled_for=at,
        started_at=at,
        ended_at=at + timedelta(minutes=3),
        state=RunState.SUCCESS,
        conclusion=Conclusion(summary="All is well."),
    )
    columns = {"id": record.id, "mission_id": mission_id, "task": record.task, "state": record.state, "started_at": at}
    return {**columns, "has_conclusion": True, "document": record.model_dump(mode="json")}


async def _show(store: Store, number: int) -> None:
    mission = await store.missions.get(_id(number))
    await store.plans.get(mission.id, 1)
    await store.runs.list(mission.id, limit=10)
    await store.requests.all_open(mission.id)


async def _calendar(store: Store, number: int) -> str:
    mission = await store.missions.get(_id(number))
    plan, month = await store.plans.get(mission.id, 1), read_month("", "UTC", NOW)
    runs = await store.runs.between(mission.id, month.since, month.until)
    fires = await store.fires.since(mission.id, month.since)
    found = entries(month, NOW, mission=mission, plan=plan, runs=runs, fires=fires)
    return calendar_page(mission.title, month, found, {}, NOW)


if __name__ == "__main__":
    main()

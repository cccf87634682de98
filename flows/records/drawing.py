"""Draws the pages of the console that are always current: the index of Missions, and each one's calendar (R3.4, R6.5)."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient, get_client

from blocks.store.store import Store
from blueprint.errors import UnknownName
from blueprint.mission import Mission, MissionState
from flows.links.console import artifact_key_page, deployments_page
from flows.naming import INDEX_KEY, calendar_key, plan_key
from flows.opening import open_store
from flows.records.months import month_records, run_links
from flows.records.pages import keep_current
from reports.calendar import calendar_page
from reports.mission_index import SHOWN, Row, index_page

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
ANEW_SECONDS = 15.0
CALENDARS_AT_ONCE = 20
"""So many calendars are drawn in one look, so that the index is not kept waiting."""


@dataclass
class Drawn:
    """What this process has drawn last: the index, and of each Mission what its calendar showed."""

    index: str = ""
    marks: dict[str, str] = field(default_factory=dict[str, str])


async def draw_forever() -> None:
    """Look every few seconds whether something is to be drawn anew; survives whatever is away for a while."""
    drawn = Drawn()
    while True:
        try:
            async with open_store() as store, get_client() as client:
                while True:
                    await draw_index(store, client, drawn)
                    await draw_calendars(store, client, drawn)
                    await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:
            # No traceback: it could quote a Mission that is being deleted.
            logger.warning(
                "Pages of the console could not be drawn (%s); once more in %.0f s.", type(error).__name__, ANEW_SECONDS
            )
            await asyncio.sleep(ANEW_SECONDS)


async def draw_index(store: Store, client: PrefectClient, drawn: Drawn) -> bool:
    """Write the index anew when it would show something else; whether it was written."""
    listed = await store.missions.list(limit=SHOWN)
    rows = [row_of(mission) for mission in listed if mission.state is not MissionState.DELETED]
    counted = await store.missions.count()
    counted.pop(MissionState.DELETED, None)
    page = index_page(rows, counted)
    if page == drawn.index:
        return False
    await keep_current(client, key=INDEX_KEY, description="All Missions, as they are now", page=page)
    drawn.index = page
    return True


async def draw_calendars(store: Store, client: PrefectClient, drawn: Drawn) -> int:
    """Draw the calendars of Missions in which something happened since they were drawn; gives how many."""
    now, marks = datetime.now(UTC), await store.missions.marks(limit=SHOWN)
    changed = [mission_id for mission_id, mark in marks.items() if drawn.marks.get(mission_id) != f"{mark} {now:%Y-%m-%d}"]
    for mission_id in changed[:CALENDARS_AT_ONCE]:
        with suppress(UnknownName):  # deleted at this moment
            await draw_calendar(store, client, await store.missions.get(mission_id), now)
        drawn.marks[mission_id] = f"{marks[mission_id]} {now:%Y-%m-%d}"
    return len(changed[:CALENDARS_AT_ONCE])


async def draw_calendar(store: Store, client: PrefectClient, mission: Mission, now: datetime) -> None:
    """The present month of one Mission."""
    records = await month_records(store, mission, now=now)
    links = await run_links(client, mission.id, [entry.run for entry in records.found if entry.run is not None])
    page = calendar_page(mission.title, records.month, records.found, links, now)
    await keep_current(client, key=calendar_key(mission.id), description=f"Records of {mission.title}", page=page)


def row_of(mission: Mission) -> Row:
    """A Mission's line in the index; before its launch Prefect has none of its pages."""
    is_launched = mission.plan_version is not None
    return Row(
        mission=mission,
        tasks=deployments_page(mission.id) if is_launched else "",
        records=artifact_key_page(calendar_key(mission.id)) if is_launched else "",
        plan=artifact_key_page(plan_key(mission.id)) if is_launched else "",
    )

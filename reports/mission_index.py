"""The list of all Missions as a page of the console (R3.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blueprint.mission import Mission, MissionState
from reports.rendering import render
from reports.text import link
from reports.times import minute

SHOWN = 200
"""Missions that the page lists, the last active first."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One Mission, where its Tasks are shown, its records and its plan."""

    mission: Mission
    tasks: str
    records: str = ""
    plan: str = ""


def index_page(rows: Sequence[Row], counted: Mapping[MissionState, int]) -> str:
    """The page; `counted` holds all Missions, also those that are not listed."""
    total = sum(counted.values())
    return render(
        "mission_index.md.j2",
        counts=", ".join(f"{counted[state]} {state.value}" for state in MissionState if counted.get(state)),
        rows=[_row(row) for row in rows],
        more=max(total - len(rows), 0),
    )


def _row(row: Row) -> dict[str, object]:
    return {
        "title": link(row.mission.title, row.tasks),
        "state": row.mission.state.value,
        "active": minute(row.mission.active_at, row.mission.timezone),
        "zone": row.mission.timezone or "UTC",
        "records": link("records", row.records) if row.records else "",
        "plan": link("plan", row.plan) if row.plan else "",
        "id": row.mission.id,
    }

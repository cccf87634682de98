"""What `missions doctor` looks at of plans: whether Prefect has what the plans in force say (R2.7)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient

from blocks.store.store import Store
from blueprint.errors import Unavailable
from blueprint.mission import Mission, MissionState
from deployments.changes import Change, change
from deployments.present import Present, read_all, tag_of, used_beside
from deployments.spec import MISSIONS_TAG, DeploymentPlan, mission_tag
from deployments.steps import steps
from deployments.system import SYSTEM_TAG
from flows.creation.compiling import compiled

MEND = (
    "`missions launch MISSION` writes what is missing or differs, and lets a Paused Mission go on, with --dry-run only says so; "
    "`missions disable MISSION` pauses what is not paused of a Paused one; "
    "resume in the Prefect UI what was paused there, and delete there what belongs to no Mission."
)

_SHOWN = 20
_CLAIMS = {"create": "is missing", "update": "differs", "pause": "is not paused, its Mission is", "delete": "is not in the plan"}


async def check_plans(store: Store, client: PrefectClient) -> str:
    """That Prefect has exactly what the plans in force say; Unavailable, with a line for each drift, when it does not."""
    missions = await store.missions.list()
    going = {mission.id for mission in missions if mission.state is MissionState.DELETED}
    launched = [mission for mission in missions if mission.plan_version is not None and mission.id not in going]
    found = await find_drifts(launched, store, client, going)
    if not found:
        return f"{len(launched)} in force, Prefect has what they say"
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    raise Unavailable("\n- ".join([f"differences: {len(found)}", *found[:_SHOWN], *more]))


async def find_drifts(launched: Sequence[Mission], store: Store, client: PrefectClient, going: Collection[str] = ()) -> list[str]:
    """Every difference between Prefect and the plans of these Missions, and what belongs to none of them.

    Of those that are being deleted (`going`) Prefect has whatever is not removed yet.
    """
    present, found = await read_all(MISSIONS_TAG, client), list[str]()
    for mission in launched:
        assert mission.plan_version is not None
        plan = compiled(mission, await store.plans.get(mission.id, mission.plan_version), mission.plan_version)
        own = present.of(mission.id)
        own = replace(own, in_use=await used_beside(plan, own.deployments, client))
        found += [f"{mission.id}: {text}" for text in drifts(mission, plan, own, datetime.now(UTC))]
    return [*found, *strangers(present, {*going, *(mission.id for mission in launched)})]


def drifts(mission: Mission, plan: DeploymentPlan, present: Present, now: datetime) -> list[str]:
    """In what Prefect differs from one Mission's plan, a claim for each object."""
    is_paused = mission.state is MissionState.PAUSED
    rows = [change(step) for step in steps(plan, present, now, is_paused=is_paused)]
    unfinished = ["its launch was not finished"] if mission.state is MissionState.DRAFT else []
    return [*unfinished, *_claims(rows), *([] if is_paused else _paused(present)), *_switched_off(present)]


def strangers(present: Present, launched: set[str]) -> list[str]:
    """What was made for Missions that there are not, or not any more."""
    tags = {mission_tag(mission) for mission in launched}
    deployments = [one for one in present.deployments if SYSTEM_TAG not in one.tags and not tags.intersection(one.tags)]
    automations = [one for one in present.automations if one.name.startswith(mission_tag("")) and tag_of(one) not in tags]
    return [
        *(f"deployment {one.name} belongs to no Mission that was launched" for one in deployments),
        *(f"automation {one.name} belongs to no Mission that was launched" for one in automations),
    ]


def _claims(rows: Iterable[Change]) -> list[str]:
    return [
        f"{row.kind} {row.name} {_CLAIMS[row.action]}{f' ({row.why})' if row.action == 'update' else ''}"
        for row in rows
        if row.action in _CLAIMS
    ]


def _paused(present: Present) -> list[str]:
    return [f"deployment {found.name} is paused, its Mission is not" for found in present.deployments if found.paused]


def _switched_off(present: Present) -> list[str]:
    """Also of a Mission that is paused: its events are to be refused with a record (R2.8)."""
    return [
        f"automation {found.name} is switched off: events start nothing and leave no record"
        for found in present.automations
        if not found.enabled
    ]

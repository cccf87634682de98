"""What `apply` does, or would do, in words for people: one line for each object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from pydantic import Field

from blueprint.values import Value
from deployments.spec import DeploymentPlan
from deployments.steps import (
    DeleteAutomation,
    DeleteDeployment,
    DeleteRun,
    LayRun,
    MissTime,
    PauseDeployment,
    RetireDeployment,
    Step,
    WriteAutomation,
    WriteDeployment,
)


class Change(Value):
    """One object in Prefect and what becomes of it."""

    action: Literal["create", "update", "pause", "delete", "retire", "miss"] = Field(
        description="retire: a run in progress needs it, so it stays without schedules; miss: its single time has passed."
    )
    kind: Literal["deployment", "automation", "run"]
    name: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Names of deployments, automations and single runs, by what `apply` did with them."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    """No longer in the plan, but a run of theirs is in progress and needs them: left without schedules, to be deleted later."""
    missed: tuple[str, ...] = ()
    """Runs for a single time that had passed before they were made: they will not be (R3.2)."""


def summary(plan: DeploymentPlan, decided: Sequence[Step]) -> Changes:
    """The names, once all steps are done."""
    rows = [change(step) for step in decided]
    touched = {row.name for row in rows}

    def names(*actions: str) -> tuple[str, ...]:
        return tuple(row.name for row in rows if row.action in actions)

    return Changes(
        created=names("create"),
        updated=names("update", "pause"),
        unchanged=tuple(name for name in _objects(plan) if name not in touched),
        deleted=names("delete"),
        retired=names("retire"),
        missed=names("miss"),
    )


def change(step: Step) -> Change:
    """One step as a line."""
    match step:
        case WriteDeployment(spec=spec, found=found, why=why):
            return Change(action="update" if found else "create", kind="deployment", name=spec.name, why="; ".join(why))
        case PauseDeployment(found=found):
            return Change(action="pause", kind="deployment", name=found.name)
        case RetireDeployment(found=found):
            return Change(action="retire", kind="deployment", name=found.name, why="a run of it is in progress")
        case DeleteDeployment(found=found):
            return Change(action="delete", kind="deployment", name=found.name, why="not in the plan")
        case WriteAutomation(spec=spec, found=found, why=why):
            return Change(action="update" if found else "create", kind="automation", name=spec.name, why="; ".join(why))
        case DeleteAutomation(found=found):
            return Change(action="delete", kind="automation", name=found.name, why="not in the plan")
        case LayRun(spec=spec):
            return Change(action="create", kind="run", name=spec.once_key)
        case MissTime(spec=spec):
            return Change(action="miss", kind="run", name=spec.once_key, why="its time has passed")
        case DeleteRun(key=key):
            return Change(action="delete", kind="run", name=key, why="not in the plan")
        case _:
            assert_never(step)


def _objects(plan: DeploymentPlan) -> list[str]:
    return [
        *(spec.name for spec in plan.deployments),
        *(spec.automation.name for spec in plan.deployments if spec.automation),
        *(spec.once_key for spec in plan.deployments if spec.once_at),
    ]

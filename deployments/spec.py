"""Says what has to exist in Prefect, as plain values: deployments and their schedules."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from blueprint.values import digest

WORK_POOL = "missions"
"""The work pool that all deployments of Missions belong to."""


def mission_tag(mission_id: str) -> str:
    """The tag on everything in Prefect that belongs to one Mission."""
    return f"mission:{mission_id}"


@dataclass(frozen=True, kw_only=True)
class ScheduleSpec:
    """Fires at every time that a cron expression names in an IANA zone."""

    slug: str
    cron: str
    timezone: str


@dataclass(frozen=True, kw_only=True)
class DeploymentSpec:
    """One Prefect deployment. `flow_name` and `parameter_schema` must be those of the flow at `entrypoint`, a module path."""

    name: str
    flow_name: str
    entrypoint: str
    description: str
    origin: str = field(default="", compare=False)
    """Which plan it came from, a sentence under the description; no reason to touch a deployment that is otherwise equal."""
    parameters: Mapping[str, JsonValue]
    parameter_schema: Mapping[str, JsonValue]
    tags: tuple[str, ...]
    schedules: tuple[ScheduleSpec, ...] = ()
    work_pool: str = WORK_POOL

    @property
    def text(self) -> str:
        """What the console shows: description and origin, Markdown."""
        return f"{self.description}\n\n{self.origin}" if self.origin else self.description

    @property
    def hash(self) -> str:
        """16 hex digits, the same for equal specs; kept in the deployment's `version`."""
        return digest(
            {
                "name": self.name,
                "flow_name": self.flow_name,
                "entrypoint": self.entrypoint,
                "description": self.description,
                "parameters": dict(self.parameters),
                "parameter_schema": dict(self.parameter_schema),
                "tags": list(self.tags),
                "schedules": [[schedule.slug, schedule.cron, schedule.timezone] for schedule in self.schedules],
                "work_pool": self.work_pool,
            }
        )[:16]


@dataclass(frozen=True, kw_only=True)
class DeploymentPlan:
    """All deployments that carry `tag`: what is not in here and carries it, has to go."""

    tag: str
    deployments: tuple[DeploymentSpec, ...]

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(spec.name for spec in self.deployments).items() if count > 1]
        if twice:
            raise ValueError(f"Deployment names {twice!r} are used twice; names must be unique in a plan.")
        untagged = [spec.name for spec in self.deployments if self.tag not in spec.tags]
        if untagged:
            raise ValueError(f"Deployments {untagged!r} lack the plan's tag {self.tag!r} and would never be found again.")

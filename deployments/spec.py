"""Says what has to exist in Prefect, as plain values: deployments, and what starts their runs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from blueprint.values import digest

WORK_POOL = "missions"
"""The work pool that all deployments of Missions belong to."""

MISSIONS_TAG = "missions"
"""The tag on all deployments of Missions, those of the system's own flows included."""

ONCE_TAG = "once"
"""The tag on runs that were laid ahead for a single time."""


def mission_tag(mission_id: str) -> str:
    """The tag on everything in Prefect that belongs to one Mission."""
    return f"mission:{mission_id}"


def automation_name(mission_id: str, task_name: str) -> str:
    """What the automation is called that starts a Task: begins with the Mission's tag, and is never the same for two Tasks."""
    return f"{mission_tag(mission_id)}:{task_name}"


@dataclass(frozen=True, kw_only=True)
class ScheduleSpec:
    """Fires at every time that a cron expression names in an IANA zone."""

    slug: str
    cron: str
    timezone: str


@dataclass(frozen=True, kw_only=True)
class AutomationSpec:
    """Starts a run of its deployment on events; the event goes into the run's parameter `event`."""

    name: str
    description: str
    event: str
    match: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels that must all fit: a value or a glob each."""
    threshold: int = 1
    within_seconds: int = 0
    for_each: tuple[str, ...] = ()
    """Labels by whose values events are counted apart."""


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
    automation: AutomationSpec | None = None
    once_at: datetime | None = None
    """The one time at which a single run is to start."""

    @property
    def text(self) -> str:
        """What the console shows: description and origin, Markdown."""
        return f"{self.description}\n\n{self.origin}" if self.origin else self.description

    @property
    def once_key(self) -> str:
        """The idempotency key of the run at `once_at`: there is one for each deployment and time; empty without."""
        return f"{ONCE_TAG}:{self.name}:{self.once_at.isoformat()}" if self.once_at else ""

    @property
    def hash(self) -> str:
        """16 hex digits, the same for equal deployments, kept in `version`; automations and single runs are other objects."""
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
    """All deployments that carry `tag`, with what belongs to them: what is not in here and carries it, has to go."""

    tag: str
    deployments: tuple[DeploymentSpec, ...]

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(spec.name for spec in self.deployments).items() if count > 1]
        if twice:
            raise ValueError(f"Deployment names {twice!r} are used twice; names must be unique in a plan.")
        untagged = [spec.name for spec in self.deployments if self.tag not in spec.tags]
        if untagged:
            raise ValueError(f"Deployments {untagged!r} lack the plan's tag {self.tag!r} and would never be found again.")

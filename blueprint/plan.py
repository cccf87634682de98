"""The Blueprint: what the model plans, a person confirms, and the compiler turns into deployments (R2)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from blueprint.policy import RiskPolicy
from blueprint.triggers import Trigger
from blueprint.values import Name, TimeZone, Value, digest, said

Words = Annotated[str, AfterValidator(said)]
"""A text that is more than blanks."""

Line = Annotated[str, StringConstraints(max_length=2_000)]
"""One entry of a list that people read."""

Pattern = Annotated[str, StringConstraints(max_length=200)]
"""A tool, or a glob over tools."""

MOST = 200
"""Tasks of a plan, and entries of its lists."""


class WhenMissed(StrEnum):
    """What happens to a fire whose time passed while it could not start (R2.8)."""

    SKIP = "skip"
    RUN_LATEST = "run_latest"


class WhenBusy(StrEnum):
    """What happens to a fire while the Task is already running as often as it may (R2.8)."""

    SKIP = "skip"
    QUEUE = "queue"
    CANCEL_OLDER = "cancel_older"


def _is_none(amount: float) -> bool:
    """Not written down, so that plans from before there was such a budget keep their digests."""
    return amount == 0


class Strategy(Value):
    """How a Task runs (R2.8)."""

    time_limit_minutes: int = Field(default=180, ge=1, le=24 * 60, description="Running time, waits for people not counted.")
    step_limit: int = Field(default=60, ge=2, le=1000, description="How many times the model may be asked in one run.")
    token_budget: int = Field(default=500_000, ge=1_000, description="Tokens that one run may use.")
    cost_budget: float = Field(
        default=0,
        ge=0,
        exclude_if=_is_none,
        description="What one run may cost, in the currency of the model's price; 0: only the tokens are limited.",
    )
    retries: int = Field(default=2, ge=0, le=10, description="Retries of a step that only reads.")
    concurrency: int = Field(default=1, ge=1, le=100, description="Runs of this Task at the same time.")
    when_busy: WhenBusy = Field(default=WhenBusy.SKIP, description="What happens to a further fire meanwhile.")
    when_missed: WhenMissed = Field(default=WhenMissed.SKIP, description="What happens to a fire that was missed.")


class Task(Value):
    """One execution unit: becomes one Prefect deployment."""

    name: Name = Field(description="Short technical name, unique in the plan: lower-case letters, digits, hyphens.")
    title: Words = Field(min_length=1, max_length=120, description="What people read.")
    instructions: Words = Field(min_length=1, max_length=8_000, description="What the agent is to do and find out, in full.")
    trigger: Trigger = Field(description="When it starts.")
    after: tuple[Name, ...] = Field(
        default=(), max_length=MOST, description="Tasks that must have succeeded in the same round first."
    )
    tools: tuple[Pattern, ...] = Field(
        default=(), max_length=MOST, description="Tools it may use: 'server.tool', 'server.*'; empty: all."
    )
    outputs: tuple[Line, ...] = Field(default=(), max_length=MOST, description="What its report must answer.")
    strategy: Strategy = Field(default=Strategy(), description="Limits and what happens when busy or late.")


class Blueprint(Value):
    """A Mission's plan. Equal plans have equal digests, and a confirmation is bound to one digest (R2.4)."""

    format: Literal[1] = 1
    title: Words = Field(min_length=1, max_length=120, description="Name of the Mission, a few words.")
    goal: Words = Field(min_length=1, max_length=8_000, description="What is to be looked after, restated in full.")
    timezone: TimeZone = Field(default="", description="IANA zone of all times; empty for the Mission's.")
    breakdown: tuple[Line, ...] = Field(default=(), max_length=MOST, description="The goal in parts.")
    tasks: tuple[Task, ...] = Field(min_length=1, max_length=MOST, description="What is done, and when.")
    approach: str = Field(default="", max_length=8_000, description="How the work is gone about, in a few sentences.")
    risk_policy: RiskPolicy = Field(default=RiskPolicy(), description="Rules for tools, over those of the employee.")
    outputs: tuple[Line, ...] = Field(default=(), max_length=MOST, description="What people get, and when.")
    notify: tuple[Name, ...] = Field(default=(), max_length=50, description="Names of notification channels.")

    @property
    def digest(self) -> str:
        """Hash of the whole plan in canonical JSON."""
        return digest(self.model_dump(mode="json"))

    @property
    def dependents(self) -> dict[str, tuple[str, ...]]:
        """The Tasks that run after others, by name, and those others (R2.6)."""
        return {task.name: task.after for task in self.tasks if task.after}

    def task(self, name: str) -> Task | None:
        """The Task called `name`, None when the plan has none."""
        return next((task for task in self.tasks if task.name == name), None)

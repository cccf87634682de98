"""What happened: runs, journal entries, fires and messages, as the store keeps them (R6.5, R7.4)."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from blueprint.stream import Conclusion, StreamEvent, Usage
from blueprint.values import Moment, Value


class RunState(StrEnum):
    """How a run stands, in the user's words (R4.1)."""

    RUNNING = "Running"
    SUCCESS = "Success"
    CANCELLED = "Cancelled"
    FAILED = "Failed"


class StartedBy(StrEnum):
    """What started a run."""

    CRON = "cron"
    ONCE = "once"
    EVENT = "event"
    DEPENDENCY = "dependency"
    MANUAL = "manual"


class RunEnd(Value):
    """How a run ended."""

    state: RunState
    reason: str = ""
    conclusion: Conclusion | None = None
    usage: Usage = Usage()
    running_seconds: float = Field(default=0, description="Time at work, waits for people not counted.")
    ended_at: Moment


class RunRecord(Value):
    """One run of a Task; `id` is the Prefect flow run's."""

    id: str
    mission_id: str
    task: str
    plan_version: int
    started_by: StartedBy
    scheduled_for: Moment
    started_at: Moment
    ended_at: Moment | None = None
    state: RunState = RunState.RUNNING
    is_waiting: bool = Field(default=False, description="Waiting for a person, a sub-state of Running.")
    reason: str = ""
    executions: int = Field(default=1, description="How many processes have worked on it.")
    running_seconds: float = Field(default=0, description="Time at work, waits for people not counted.")
    usage: Usage = Usage()
    conclusion: Conclusion | None = None
    report_path: str = Field(default="", description="The report's file, relative to the data directory.")


class JournalEntry(Value):
    """One event of a run's stream with its place and time."""

    sequence: int
    at: Moment
    event: StreamEvent


class FireRecord(Value):
    """A fire that did not become a run, and why (R2.8)."""

    mission_id: str
    task: str
    run_id: str
    scheduled_for: Moment
    at: Moment
    reason: str


class PlanVersion(Value):
    """One version of a Mission's Blueprint: when it was made, who confirmed it and when (R3.7)."""

    version: int
    digest: str
    title: str
    created_at: Moment
    confirmed_by: str = ""
    confirmed_at: Moment | None = None


class Message(Value):
    """Something that people should know (R7.1), in the inbox until read."""

    id: str
    mission_id: str
    run_id: str = ""
    event: Literal["request", "reminder", "expired", "report", "error", "mission", "plan"]
    title: str
    body: str
    at: Moment
    is_read: bool = False
    is_escalation: bool = Field(default=False, description="Goes to the escalation channel too (R5.4).")


class ConversationTurn(Value):
    """One thing said between a person and the planner."""

    role: Literal["person", "planner"]
    text: str
    at: Moment

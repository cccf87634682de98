"""What happened: runs, journal entries, fires and messages, as the store keeps them (R6.5, R7.4)."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from blueprint.occasion import EventGiven
from blueprint.remarks import Understood
from blueprint.stream import Conclusion, Severity, StreamEvent, Usage
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


class Refusal(StrEnum):
    """Why a fire did not become a run, in a word or two."""

    NOT_ACTIVE = "mission not active"
    NOT_IN_PLAN = "not in the plan"
    MISSED = "missed"
    SUPERSEDED = "superseded"
    DUPLICATE = "duplicate"
    COOL_DOWN = "cool-down"
    BUSY = "busy"
    REPLACED = "replaced by a newer one"
    UPSTREAM = "upstream not successful"
    GONE = "cancelled in the queue"
    NEVER_CAME = "never came"


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
    event: EventGiven | None = Field(default=None, description="The event that started it, without its payload.")
    round: str = Field(default="", description="The round of upstream runs that started it (R2.6).")
    started_at: Moment
    ended_at: Moment | None = None
    state: RunState = RunState.RUNNING
    is_waiting: bool = Field(default=False, description="Waiting for a person, a sub-state of Running.")
    reason: str = ""
    replaced_by: str = Field(default="", description="The newer run for which it is cancelled (R2.8).")
    executions: int = Field(default=1, description="How many processes have worked on it.")
    running_seconds: float = Field(default=0, description="Time at work, waits for people not counted.")
    usage: Usage = Usage()
    conclusion: Conclusion | None = None
    report_path: str = Field(default="", description="The report's file, relative to the data directory.")


class TaskUsage(Value):
    """What the runs of one Task that are over have used together (R4.5)."""

    task: str
    runs: int
    usage: Usage
    running_seconds: float


class JournalEntry(Value):
    """One event of a run's stream with its place and time."""

    sequence: int
    at: Moment
    event: StreamEvent


class FireRecord(Value):
    """A fire that did not become a run, and why (R2.8)."""

    mission_id: str
    task: str
    run_id: str = Field(description="The flow run; for what has none an id that is the same each time.")
    scheduled_for: Moment
    at: Moment
    reason: str
    refusal: Refusal | None = Field(default=None, description="None in records of older versions.")
    started_by: StartedBy | None = None
    count: int = Field(default=1, ge=1, description="How many fires it stands for, at least.")


class QueuedFire(Value):
    """A fire of a busy Task that waits for its turn; its flow run is scheduled and named Queued (R2.8)."""

    run_id: str
    mission_id: str
    task: str
    started_by: StartedBy
    scheduled_for: Moment
    event: EventGiven | None = Field(default=None, description="The event that started it, without its payload.")
    round: str = ""
    at: Moment = Field(description="When it came to the gate first.")


class PlanVersion(Value):
    """One version of a Mission's Blueprint: when it was made, who confirmed it and when (R3.7)."""

    version: int
    digest: str
    title: str
    created_at: Moment
    confirmed_by: str = ""
    confirmed_at: Moment | None = None


MessageEvent = Literal["request", "reminder", "expired", "report", "error", "mission", "plan", "channel"]
"""What a message tells of; channel: that a notification channel does not work (R7.3)."""


class Message(Value):
    """Something that people should know (R7.1), in the inbox until read. All words in it are plain text."""

    id: str
    mission_id: str
    run_id: str = ""
    event: MessageEvent
    severity: Severity = Field(default=Severity.INFO, description="How much it matters.")
    request: str = Field(default="", description="Key of the run's request that it is about.")
    channel: str = Field(default="", description="The notification channel that it is about.")
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
    reading: Understood | None = Field(default=None, description="What was read in it; kept, so that a restart reads the same.")

"""Questions to a person and the answers: the four kinds of R5.1, and the two that plan a Mission (R2.1, R2.4)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from blueprint.policy import ToolCall
from blueprint.values import Moment, Value, digest

ANSWER_SECONDS = 10_800
"""How long a request stays open: 3 hours (R5.4)."""

LOOK_AGAIN_SECONDS = 600
"""What an approval rests on is looked at again when it was asked for longer ago: 10 minutes (R5.3)."""


class RequestState(StrEnum):
    """Where a request stands; everything but OPEN is final."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Evidence(Value):
    """A call of the same run that only read, and what it gave: what a person sees of the thing that is to be changed."""

    call: ToolCall
    step: int = Field(description="Its number in the run's stream.")
    result: str = Field(description="Digest of the whole result.")
    excerpt: str = Field(default="", description="The beginning of the result.")


class Origin(Value):
    """Words in an argument that no plan and no person has said, and the untrusted text that has them."""

    argument: str = Field(description="Where in the arguments: 'path', 'labels.app', 'items[2]'.")
    words: str
    source: str = Field(description="'host.logs', 'the last report'.")
    step: int = Field(description="The source's number in the run's stream.")


class ApprovalQuestion(Value):
    """May exactly this call be made? The answer is bound to all that stands here and to the request's Mission and run (R5.3)."""

    kind: Literal["approval"] = "approval"
    call: ToolCall
    plan_version: int | None = Field(default=None, description="The run's plan; None where it was not recorded yet.")
    evidence: tuple[Evidence, ...] = Field(default=(), description="What was seen of what the call would change.")
    origins: tuple[Origin, ...] = Field(default=(), description="Arguments that come from untrusted text.")
    moved: tuple[str, ...] = Field(default=(), description="What has changed since an earlier approval, which is void.")
    about: str = Field(default="", description="What the tool does, in its server's words.")
    why: str = Field(description="Why the agent wants it, in its own words.")
    risk: str = Field(description="Why the policy asks.")
    undo: str = Field(default="", description="How to undo it.")

    @property
    def digest(self) -> str:
        """Hash of the call that an approval is bound to (R5.3)."""
        return self.call.digest

    @property
    def evidence_digest(self) -> str:
        """Hash of the evidence that an approval is bound to, see `evidence_digest`."""
        return evidence_digest(self.evidence)


def evidence_digest(evidence: Sequence[Evidence]) -> str:
    """Hash of what was looked at and what it gave; empty when there is nothing to look at."""
    return digest([[seen.call.digest, seen.result] for seen in evidence]) if evidence else ""


class InformationQuestion(Value):
    """Something that the agent needs to know."""

    kind: Literal["information"] = "information"
    questions: tuple[str, ...] = Field(min_length=1, max_length=12)


class ChoiceQuestion(Value):
    """Several ways to go on; one is chosen, or another written."""

    kind: Literal["choice"] = "choice"
    question: str
    options: tuple[str, ...] = Field(min_length=2, max_length=9)


class AnomalyQuestion(Value):
    """Something unexpected: go on, stop, or advice. `unknown_call` is set when the outcome of a call is unknown (R4.8)."""

    kind: Literal["anomaly"] = "anomaly"
    what: str
    unknown_call: ToolCall | None = None


class ReviewQuestion(Value):
    """Is this plan, by its digest, to be launched? (R2.4)"""

    kind: Literal["review"] = "review"
    plan_version: int
    plan_digest: str
    page: str = Field(description="The plan as Markdown, as shown.")
    can_launch: bool = Field(default=True, description="False while verification finds problems.")
    replaces: int | None = Field(default=None, description="The version that it was compared with, and is to take the place of.")


Question = Annotated[
    ApprovalQuestion | InformationQuestion | ChoiceQuestion | AnomalyQuestion | ReviewQuestion, Field(discriminator="kind")
]


class Decision(StrEnum):
    """What a person decided. Which of these fit depends on the kind of question, see `fitting_decisions`."""

    APPROVE = "approve"
    APPROVE_RUN = "approve_for_this_run"
    REJECT = "reject"
    ANSWER = "answer"
    CHOOSE = "choose"
    CONTINUE = "continue"
    STOP = "stop"
    HAPPENED = "happened"
    NOT_HAPPENED = "not_happened"
    LAUNCH = "launch"
    CHANGE = "change"
    KEEP_DRAFT = "keep_draft"


class Answer(Value):
    """One person's answer to one request."""

    decision: Decision
    text: str = Field(default="", max_length=20_000, description="Free text, kept word for word.")
    answers: tuple[str, ...] = Field(default=(), description="One per question, in order.")
    choice: str = ""
    is_read: bool = Field(default=False, description="The decision was read from the words, not given as one (R5.5).")
    by: str = Field(description="Who, or by what door: 'console', 'command:alice', 'link:Alice'.")
    at: Moment


class Request(Value):
    """A question that a run has put to people. `key` is unique within the run and names the wait in Prefect."""

    run_id: str
    mission_id: str
    key: str
    title: str = Field(description="One line: 'restart nginx?'")
    question: Question
    asked_at: Moment
    deadline: Moment
    state: RequestState = RequestState.OPEN
    answer: Answer | None = None
    refusal: str = Field(default="", description="Why the last answer in the form did not count; shown when it is asked again.")


def fitting_decisions(question: Question) -> tuple[Decision, ...]:
    """The decisions that answer this kind of question."""
    match question:
        case ApprovalQuestion():
            return (Decision.APPROVE, Decision.APPROVE_RUN, Decision.REJECT)
        case InformationQuestion():
            return (Decision.ANSWER,)
        case ChoiceQuestion():
            return (Decision.CHOOSE,)
        case AnomalyQuestion(unknown_call=None):
            return (Decision.CONTINUE, Decision.STOP)
        case AnomalyQuestion():
            return (Decision.HAPPENED, Decision.NOT_HAPPENED, Decision.STOP)
        case ReviewQuestion(can_launch=True):
            return (Decision.LAUNCH, Decision.CHANGE, Decision.KEEP_DRAFT)
        case ReviewQuestion():
            return (Decision.CHANGE, Decision.KEEP_DRAFT)

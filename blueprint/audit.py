"""The audit record of a Mission: who was asked, who decided what, and what was done on the strength of it (R5.6).

How the entries are tied together, so that a forged one shows: `blueprint.chain`.
"""

from typing import Annotated, Literal

from pydantic import Field

from blueprint.mission import MissionState
from blueprint.policy import ToolCall
from blueprint.requests import Answer, ApprovalQuestion, Decision, Request, RequestState
from blueprint.standing import StandingRule
from blueprint.stream import Intended
from blueprint.values import Moment, Value, canonical_json, digest


class RequestOpened(Value):
    """A person was asked. What was shown is kept as a digest of the whole question, the call as its own hash."""

    kind: Literal["request opened"] = "request opened"
    run_id: str
    key: str
    title: str
    question: str = Field(description="The kind of question.")
    question_digest: str
    call_digest: str = ""
    deadline: Moment


class RequestAnswered(Value):
    """The answer that counts: who gave it, by which door, when, and every word of it."""

    kind: Literal["request answered"] = "request answered"
    run_id: str
    key: str
    title: str
    answer: Answer


class AnswerRefused(Value):
    """An answer that did not count: too late, not the first, unclear, or no fitting one."""

    kind: Literal["answer refused"] = "answer refused"
    run_id: str
    key: str
    title: str
    by: str
    decision: Decision | None = Field(default=None, description="None where no clear decision was given.")
    words: str = ""
    reason: str


class RequestClosed(Value):
    """A request ended without an answer: expired or cancelled. Silence approves nothing."""

    kind: Literal["request closed"] = "request closed"
    run_id: str
    key: str
    title: str
    state: RequestState


class ApprovalSpent(Value):
    """An approval was used up, by the intention to make exactly this call."""

    kind: Literal["approval spent"] = "approval spent"
    run_id: str
    key: str
    call_id: str
    call: str = Field(description="'server.tool'")
    call_digest: str
    attempt: int


class LeaveUsed(Value):
    """A call went ahead without a question of its own: by an approval for the run, or by a standing rule."""

    kind: Literal["leave used"] = "leave used"
    run_id: str
    key: str = Field(default="", description="The request that approved the tool for the run.")
    standing_rule: str = ""
    call_id: str
    call: str = Field(description="'server.tool'")
    call_digest: str
    attempt: int


class RuleMade(Value):
    """A person made a standing rule."""

    kind: Literal["standing rule made"] = "standing rule made"
    rule: StandingRule


class RuleEnded(Value):
    """A standing rule ended before its time."""

    kind: Literal["standing rule ended"] = "standing rule ended"
    rule_id: str
    tool: str
    because: str


class CallRefused(Value):
    """A call that was not made, because the policy or a person forbade it."""

    kind: Literal["call refused"] = "call refused"
    run_id: str
    call_id: str
    call: str = Field(description="'server.tool'")
    call_digest: str
    reason: str


class PlanConfirmed(Value):
    """A person confirmed a version of the plan, by the digest of exactly what was shown."""

    kind: Literal["plan confirmed"] = "plan confirmed"
    version: int
    digest: str
    by: str


class MissionChanged(Value):
    """The Mission was made (`was` is None) or went from one state to another; `by` is empty where nobody is named."""

    kind: Literal["mission changed"] = "mission changed"
    was: MissionState | None = None
    state: MissionState
    by: str = ""


class RestartsGivenUp(Value):
    """A run whose process died again and again is not started any more."""

    kind: Literal["restarts given up"] = "restarts given up"
    run_id: str
    reason: str


AuditEvent = Annotated[
    RequestOpened
    | RequestAnswered
    | AnswerRefused
    | RequestClosed
    | ApprovalSpent
    | LeaveUsed
    | RuleMade
    | RuleEnded
    | CallRefused
    | PlanConfirmed
    | MissionChanged
    | RestartsGivenUp,
    Field(discriminator="kind"),
]


class AuditEntry(Value):
    """One event with its place in the chain, from 1, and the database's time."""

    mission_id: str
    sequence: int
    at: Moment
    event: AuditEvent

    @property
    def text(self) -> str:
        """What is stored and hashed, byte by byte."""
        return canonical_json(self.model_dump(mode="json"))


def opened(request: Request) -> RequestOpened:
    """What the record says about a request that is put to people."""
    question = request.question
    return RequestOpened(
        run_id=request.run_id,
        key=request.key,
        title=request.title,
        question=question.kind,
        question_digest=digest(question.model_dump(mode="json")),
        call_digest=question.digest if isinstance(question, ApprovalQuestion) else "",
        deadline=request.deadline,
    )


def ended(request: Request) -> RequestAnswered | RequestClosed:
    """What the record says about a request that is answered or closed."""
    if request.answer is not None:
        return RequestAnswered(run_id=request.run_id, key=request.key, title=request.title, answer=request.answer)
    return RequestClosed(run_id=request.run_id, key=request.key, title=request.title, state=request.state)


def refused(request: Request, *, by: str, decision: Decision | None, words: str, reason: str) -> AnswerRefused:
    """What the record says about an answer that does not count."""
    return AnswerRefused(
        run_id=request.run_id, key=request.key, title=request.title, by=by, decision=decision, words=words, reason=reason
    )


def not_made(run_id: str, call: ToolCall, reason: str) -> CallRefused:
    """What the record says about a call that was refused."""
    return CallRefused(run_id=run_id, call_id=call.id, call=call.name, call_digest=call.digest, reason=reason)


def spent(run_id: str, key: str, call: ToolCall, attempt: int) -> ApprovalSpent:
    """What the record says about an approval that is used up."""
    return ApprovalSpent(run_id=run_id, key=key, call_id=call.id, call=call.name, call_digest=call.digest, attempt=attempt)


def used(run_id: str, intended: Intended) -> LeaveUsed:
    """What the record says about a call that goes ahead by leave that was given before."""
    call = intended.call
    return LeaveUsed(
        run_id=run_id,
        key=intended.run_approval,
        standing_rule=intended.standing_rule,
        call_id=call.id,
        call=call.name,
        call_digest=call.digest,
        attempt=intended.attempt,
    )

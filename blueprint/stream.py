"""The output stream of a run: what its journal holds, in order, and what people watch (R4.2, R4.8).

A call that changes something is `Intended` before it is made and `Returned` after; one that is intended and has not
returned has an unknown outcome. The conversation with the model is folded from these events and from nothing else.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from blueprint.budget import Measure
from blueprint.notes import Note
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.requests import Answer, Evidence, Origin, Question
from blueprint.values import Value


def _is_no(value: bool) -> bool:
    """Left out of documents where nothing was estimated, so that they read as before there was such a mark."""
    return not value


class Usage(Value):
    """What one or more model calls used; cost in the currency of the endpoint's price."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0
    is_estimated: bool = Field(default=False, exclude_if=_is_no, description="Whether some of it is not as counted.")

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
            is_estimated=self.is_estimated or other.is_estimated,
        )


class Outcome(StrEnum):
    """The three words of the effect ledger (R4.8)."""

    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Finding(Value):
    """One thing that the agent found, with the steps that show it."""

    title: str = Field(min_length=1, max_length=200, description="The finding in one line.")
    severity: Severity = Field(description="ok, info, warning or critical.")
    detail: str = Field(default="", max_length=8_000, description="What was seen, with figures.")
    evidence: tuple[str, ...] = Field(default=(), description="Ids of the calls that show it, e.g. 'c00020001'.")


class Conclusion(Value):
    """The model's words for the report; every figure and ledger comes from the records instead."""

    summary: str = Field(min_length=1, max_length=8_000, description="What was looked at and what it comes to.")
    findings: tuple[Finding, ...] = Field(default=(), max_length=100, description="Most important first.")
    recommendations: tuple[str, ...] = Field(default=(), max_length=50, description="What people should do.")
    unchecked: tuple[str, ...] = Field(default=(), max_length=50, description="What could not be checked, and why.")


class ModelCall(Value):
    """A call as the model wrote it: `call` when it can be made, else `problem` says why not."""

    id: str
    wire_name: str
    raw_arguments: str
    call: ToolCall | None = None
    problem: str = ""
    extra: dict[str, JsonValue] = Field(default_factory=dict, description="Provider fields that must be sent back.")


class OfferedTool(Value):
    """A tool that the run may use, as its server described it at the start."""

    server: str
    tool: str
    wire_name: str
    traits: ToolTraits = ToolTraits()


class Briefed(Value):
    """The run began: what the model was told at first."""

    kind: Literal["briefed"] = "briefed"
    system: str
    task: str
    model: str
    untrusted: str = Field(default="", description="Words within the task that are not people's: the last report, failures.")
    given: str = Field(default="", description="Words within the task that came with an event or from reports of other Tasks.")
    missing: dict[str, str] = Field(default_factory=dict, description="Tool servers that could not be used, and why.")
    shares: dict[str, int] = Field(default_factory=dict[str, int], description="Tokens of each part, estimated.")
    tools: tuple[OfferedTool, ...] = Field(default=(), description="What may be called; empty in older journals.")


class Reasoned(Value):
    """The model answered."""

    kind: Literal["reasoned"] = "reasoned"
    text: str
    reasoning: str = ""
    reasoning_key: str = ""
    calls: tuple[ModelCall, ...] = ()
    usage: Usage = Field(default=Usage(), description="Of all that was asked until the answer came.")
    wasted: Usage = Field(default=Usage(), description="The part of it that earlier tries took, which gave nothing.")
    seconds: float = 0


class Wasted(Value):
    """The model was asked, and nothing came that can be used; it is paid for all the same."""

    kind: Literal["wasted"] = "wasted"
    usage: Usage


class Corrected(Value):
    """The model was told what was wrong with its answer."""

    kind: Literal["corrected"] = "corrected"
    text: str


class Warned(Value):
    """The model was told how its run goes: that a budget runs low, or that it makes the same call again and again."""

    kind: Literal["warned"] = "warned"
    about: Measure | Literal["loop"]
    limit: float = Field(default=0, description="The limit of the budget, or how often the call was made.")
    text: str


class Raised(Value):
    """A person allowed the run more than its plan does; the model was told (R4.9)."""

    kind: Literal["raised"] = "raised"
    measure: Measure
    limit: float = Field(description="What holds from here on.")
    text: str


class Noted(Value):
    """The agent wrote something down, which is kept word for word."""

    kind: Literal["noted"] = "noted"
    note: Note
    call_id: str


class Condensed(Value):
    """Room was made in the conversation: from here on the model reads `text` in the place of its first answers (R4.5)."""

    kind: Literal["condensed"] = "condensed"
    answers: int = Field(ge=0, description="So many answers of the model, the first ones, with the results of their calls.")
    text: str = Field(description="What stands for them; decisions, notes and open questions word for word.")
    result_chars: int = Field(default=0, ge=0, description="Results that stay are cut to so many characters; 0: they are whole.")
    tokens_before: int = Field(default=0, description="Of the whole conversation, estimated.")
    tokens_after: int = 0


class Asked(Value):
    """A person was asked; the run may end its process here and go on with the answer."""

    kind: Literal["asked"] = "asked"
    key: str
    title: str
    call_id: str = ""
    question: Question | None = Field(default=None, description="What was shown; None in older journals.")
    evidence: tuple[Evidence, ...] = ()
    origins: tuple[Origin, ...] = ()
    moved: tuple[str, ...] = ()


class Answered(Value):
    """A person answered, or the policy's time ran out."""

    kind: Literal["answered"] = "answered"
    key: str
    title: str
    answer: Answer
    call_id: str = ""


class LookedAgain(Value):
    """An approval had become old, so its evidence was read anew before the call; it is void when something has moved (R5.3)."""

    kind: Literal["looked_again"] = "looked_again"
    key: str = Field(description="The request that was approved.")
    call_id: str
    evidence: tuple[Evidence, ...]
    moved: tuple[str, ...] = Field(default=(), description="A sentence for each thing that is not as it was.")


class Intended(Value):
    """The call is about to be made. Where the policy asks, one of three things allows it; the others are empty.

    `approval`: key of the request that approves exactly this call. `run_approval`: key of a request that approves the tool
    for this run. `standing_rule`: id of the rule that lets it through (R5.3).
    """

    kind: Literal["intended"] = "intended"
    call: ToolCall
    traits: ToolTraits
    rule: Rule
    reason: str
    approval: str = ""
    run_approval: str = ""
    standing_rule: str = ""
    evidence: str = Field(default="", description="Digest of the evidence that the approval rests on.")
    attempt: int = 1


class Returned(Value):
    """The call came back, was refused, or its outcome was settled by a person."""

    kind: Literal["returned"] = "returned"
    call: ToolCall
    outcome: Outcome
    is_error: bool = False
    text: str = Field(default="", description="What the model reads: bounded.")
    size: int = Field(default=0, description="Length of the whole result in characters.")
    structured: JsonValue = None
    kept: str = Field(default="", description="Where the whole text is, relative to the data directory; empty: it is `text`.")
    files: tuple[str, ...] = Field(default=(), description="Where pictures and other files of the result are.")
    seconds: float = 0
    changes: bool = Field(default=False, description="Whether the call belongs into the effect ledger.")
    is_refused: bool = Field(default=False, description="The policy or a person refused the call: it was never made.")


class Concluded(Value):
    """The model handed in its conclusion."""

    kind: Literal["concluded"] = "concluded"
    conclusion: Conclusion
    call_id: str = ""


class Ended(Value):
    """The run is over; nothing follows."""

    kind: Literal["ended"] = "ended"
    state: str
    reason: str = ""


StreamEvent = Annotated[
    Briefed
    | Reasoned
    | Wasted
    | Corrected
    | Warned
    | Raised
    | Noted
    | Condensed
    | Asked
    | Answered
    | LookedAgain
    | Intended
    | Returned
    | Concluded
    | Ended,
    Field(discriminator="kind"),
]

JOURNAL_FORMAT = 1
"""How this version writes events. It goes up with a change by which older code would misread them, not with a new kind."""

STREAM_EVENT: TypeAdapter[StreamEvent] = TypeAdapter(StreamEvent)
"""Reads one event from JSON."""

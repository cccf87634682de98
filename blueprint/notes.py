"""What the agent writes down on its way: kept word for word however long its run gets (R4.5)."""

from enum import StrEnum

from pydantic import Field

from blueprint.values import Value


class NoteKind(StrEnum):
    """What a note is about."""

    FINDING = "finding"
    DECISION = "decision"
    QUESTION = "question"


class Note(Value):
    """One thing to be remembered."""

    kind: NoteKind = Field(description="finding: something was seen; decision: how to go on; question: something is open.")
    text: str = Field(min_length=1, max_length=2_000, description="In full, with figures; it is kept word for word.")
    evidence: tuple[str, ...] = Field(default=(), max_length=20, description="Ids of the calls that show it, e.g. 'c00020001'.")

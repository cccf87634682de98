"""What the person of a trial was told by the door that took an answer."""

from dataclasses import dataclass
from enum import StrEnum

from blueprint.requests import Decision


class Word(StrEnum):
    """What became of an answer, as far as its giver knows; UNKNOWN when the door died before it said so."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Given:
    """One answer that was given: by which door, under which name, and what the door said."""

    door: str
    run_id: str
    key: str
    by: str
    decision: Decision
    word: Word

"""The deletion of a Mission: what is still to do while it goes on, and its certificate in the end (R3.3)."""

from enum import StrEnum

from pydantic import Field

from blueprint.values import Moment, Value, digest


class DeletionState(StrEnum):
    """How far it has come. From FORGOTTEN on nothing here holds a word of the Mission."""

    BEGUN = "begun"
    FORGOTTEN = "forgotten"
    DONE = "done"


class Deletion(Value):
    """One deletion. `mission_id` and `traces` are known as long as they are needed; in the end only the key is left."""

    key: str = Field(description="Hash of the Mission's id: who knows the id finds the certificate, nobody else learns it.")
    state: DeletionState = DeletionState.BEGUN
    mission_id: str = ""
    by: str
    begun_at: Moment
    traces: tuple[str, ...] = Field(default=(), description="Ids of runs, deployments and automations in Prefect.")
    removed: dict[str, int] = Field(default_factory=dict, description="What was removed, and how many of it.")
    scanned: tuple[str, ...] = Field(default=(), description="Where was looked in the end, and nothing found.")
    left: tuple[str, ...] = Field(default=(), description="What stays for a while: where, until when and why.")
    ended_at: Moment | None = None

    def with_removed(self, found: dict[str, int]) -> "Deletion":
        """With these removed too; what was removed before a kill is counted by whoever removed it."""
        counts = {what: self.removed.get(what, 0) + found.get(what, 0) for what in (*self.removed, *found)}
        return self.model_copy(update={"removed": {what: count for what, count in counts.items() if count}})


def deletion_key(mission_id: str) -> str:
    """The key of a Mission's deletion."""
    return digest(["deletion", mission_id])

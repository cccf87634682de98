"""What the planner reads in a person's words about a Mission: the model proposes this, code decides (R3.5, R3.6)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from blueprint.values import Value

Topic = Literal["state", "findings", "plan"]
"""What can be asked about: how it stands, what was found, what is planned."""

Wish = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
TaskName = Annotated[str, StringConstraints(min_length=1, max_length=63)]


class Understood(Value):
    """Everything that one message wants. With a question nothing of it is done: the person is asked back."""

    changes: tuple[Wish, ...] = Field(
        default=(), max_length=20, description="Changes of the plan, one sentence each, in the order in which they were said."
    )
    runs: tuple[TaskName, ...] = Field(default=(), max_length=20, description="Names of Tasks to be run now, once.")
    topics: tuple[Topic, ...] = Field(default=(), max_length=3, description="What is asked about: state, findings, plan.")
    question: str = Field(
        default="",
        max_length=2_000,
        description="What to ask back when anything is unclear, forbidden or impossible; empty when everything is clear.",
    )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing to ask."""
        return not (self.changes or self.runs or self.topics or self.question)

"""The one call that goes up: a person decides (R5)."""

from typing import Protocol

from blueprint.requests import Answer, Question


class Approver(Protocol):
    """Brings a question to a person. The same key always means the same question and gets the same answer."""

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        """The person's answer. May end this process: the next execution asks with the same key and gets it.

        Unanswered when nobody answered in time.
        """
        ...

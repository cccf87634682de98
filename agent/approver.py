"""The one call that goes up: a person decides (R5)."""

from typing import Protocol

from blueprint.requests import Answer, Question


class Approver(Protocol):
    """Brings a question to a person. The same key always means the same question and gets the same answer."""

    async def decide(self, *, key: str, title: str, question: Question, call_id: str = "") -> Answer:
        """The person's answer. May end this process: the next execution asks with the same key and gets it.

        Unanswered when nobody answered in time.
        """
        ...

    async def reserve(self, *, key: str, digest: str) -> bool:
        """Take the approval `key` for the one call with this digest (R5.3).

        False when it was taken before, was not given, or is another call's.
        """
        ...

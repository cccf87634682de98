"""Stand-ins for the world around the agent, which answer from a recording: no model, no tool server, no person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.approver import Approver
from agent.model.model import Message, Model, Reply, Structured, ToolDeclaration
from agent.replay.recording import Recording, RecordingEnds
from agent.tools.toolset import ToolListing, ToolResult, Toolset, Unanswered
from agent.tools.wishes import asks_for
from blueprint.policy import ToolCall
from blueprint.records import JournalEntry
from blueprint.requests import Answer, ApprovalQuestion, Decision, Question
from blueprint.stream import Answered, Asked, Outcome, Returned, StreamEvent, Usage

REPLAY = "replay"
"""Who answers a question that the run itself never asked."""


class RecordedModel(Model):
    """Gives the recorded answers in order; RecordingEnds when they are used up."""

    def __init__(self, recording: Recording) -> None:
        self._label = recording.briefing.model if recording.briefing else ""
        self._replies: Iterator[Reply] = iter(recording.replies)

    @property
    def label(self) -> str:
        """The label of the model that answered."""
        return self._label

    async def reply(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration] = ()) -> Reply:
        """The next recorded answer, whatever is asked."""
        reply = next(self._replies, None)
        if reply is None:
            raise RecordingEnds
        return reply

    async def structured(self, messages: Sequence[Message], schema: type[Structured]) -> tuple[Structured, Usage]:
        """Nothing: no run asks for it."""
        raise RecordingEnds


class ReplayJournal:
    """A journal in memory, with the times at which the same things happened in the run."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._entries: list[JournalEntry] = []
        self._now = recording.entries[0].at

    @property
    def events(self) -> Sequence[StreamEvent]:
        """All events so far."""
        return [entry.event for entry in self._entries]

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """The same, with their numbers and times."""
        return self._entries

    async def append(self, event: StreamEvent) -> None:
        """Keep one event."""
        self._now = self._recording.time_of(event) or self._now
        self._entries.append(JournalEntry(sequence=len(self._entries) + 1, at=self._now, event=event))

    def clock(self) -> datetime:
        """The time of the last event; after an answer that was looked at again later, the time of that look."""
        last = self.events[-1] if self._entries else None
        look = self._recording.look(last.key) if isinstance(last, Answered) else None
        return (self._recording.time_of(look) if look else None) or self._now


@dataclass(frozen=True, kw_only=True)
class RecordedTools(Toolset):
    """Gives each call the result that it had in the run."""

    recording: Recording
    journal: ReplayJournal

    async def tools(self) -> ToolListing:
        """The tools of the run."""
        return ToolListing(tools=tuple(self.recording.tools()))

    async def call(self, call: ToolCall) -> ToolResult:
        """The recorded result, what the server wanted to know first included; RecordingEnds where the run ended in the call."""
        if wish := self._wish(call):
            return ToolResult(text="", is_error=True, outcome=Outcome.NOT_DONE, wish=wish)
        returned = self.recording.returned(call.id)
        if returned is None:
            raise RecordingEnds
        if returned.is_refused:
            return ToolResult(text="It was not made, so nothing was recorded.", is_error=True, outcome=Outcome.NOT_DONE)
        if lost := self.recording.asked(f"unknown-{call.id}"):
            return ToolResult(text=lost.title, is_error=True, outcome=Outcome.UNKNOWN)
        return recorded_result(returned)

    def _wish(self, call: ToolCall) -> Unanswered | None:
        known = {event.key for event in self.journal.events if isinstance(event, Answered)}
        for event in self.recording.events:
            if isinstance(event, Asked) and asks_for(event, call) and event.key not in known and event.question:
                return Unanswered(key=event.key, question=event.question)
        return None


@dataclass(frozen=True, kw_only=True)
class RecordedLooks(Toolset):
    """What a late look at the ground of an approval saw: the same as before, or what the recording has of it."""

    recording: Recording
    journal: ReplayJournal
    seen: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])

    async def tools(self) -> ToolListing:
        """None of its own."""
        return ToolListing(tools=())

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of the same call now."""
        answers = [event for event in self.journal.events if isinstance(event, Answered)]
        look = self.recording.look(answers[-1].key) if answers else None
        if look is not None and look.moved:
            excerpt = next((one.excerpt for one in look.evidence if one.call.digest == call.digest), "")
            self.seen[call.digest] = ToolResult(text=excerpt, size=len(excerpt) + 1)  # another size: it is not the same again
        return self.seen.get(call.digest) or self._first(call)

    def _first(self, call: ToolCall) -> ToolResult:
        returned = self.recording.returned(call.id)
        if returned is None:
            raise RecordingEnds
        return recorded_result(returned)


@dataclass(frozen=True, kw_only=True)
class RecordedPeople(Approver):
    """Gives the answers that people gave. A call that is asked about only now counts as approved where it was made."""

    recording: Recording

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        """The recorded answer; RecordingEnds when nobody gave one."""
        if answer := self.recording.answer(key):
            return answer
        if self.recording.asked(key):
            raise RecordingEnds
        if not isinstance(question, ApprovalQuestion):
            raise RecordingEnds(f"a person is asked: {title}")
        returned = self.recording.returned(question.call.id)
        was_made = returned is not None and not returned.is_refused
        decision = Decision.APPROVE if was_made else Decision.REJECT
        return Answer(decision=decision, by=REPLAY, at=self.recording.entries[-1].at)


def recorded_result(returned: Returned) -> ToolResult:
    """A result as it came."""
    return ToolResult(
        text=returned.text,
        is_error=returned.is_error,
        outcome=returned.outcome,
        structured=returned.structured,
        size=returned.size,
        seconds=returned.seconds,
    )

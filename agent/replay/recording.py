"""What a run's journal has recorded of the world around the agent: the model, the tools, the people. Pure look-ups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.model.model import Reply, WireCall
from agent.own_tools import OWN_SERVER
from agent.tools.toolset import Tool
from blueprint.policy import ToolTraits
from blueprint.provenance import DESCRIPTION
from blueprint.records import JournalEntry
from blueprint.requests import Answer
from blueprint.stream import Answered, Asked, Briefed, Intended, LookedAgain, Reasoned, Returned, StreamEvent


class RecordingEnds(Exception):
    """Not an error: the run itself got no further, or, in words, what the present code wants to know was never recorded."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The journal of a run that is to be replayed."""

    entries: Sequence[JournalEntry]

    @property
    def events(self) -> Iterator[StreamEvent]:
        """What happened, in order."""
        return (entry.event for entry in self.entries)

    @property
    def briefing(self) -> Briefed | None:
        """How the run began; None for one that never did."""
        return next((event for event in self.events if isinstance(event, Briefed)), None)

    @property
    def replies(self) -> list[Reply]:
        """What the model answered, in order."""
        return [_reply(event) for event in self.events if isinstance(event, Reasoned)]

    def returned(self, call_id: str) -> Returned | None:
        """What became of a call."""
        return next((event for event in self.events if isinstance(event, Returned) and event.call.id == call_id), None)

    def asked(self, key: str) -> Asked | None:
        """A question that was put to people."""
        return next((event for event in self.events if isinstance(event, Asked) and event.key == key), None)

    def answer(self, key: str) -> Answer | None:
        """A person's answer."""
        return next((event.answer for event in self.events if isinstance(event, Answered) and event.key == key), None)

    def look(self, key: str) -> LookedAgain | None:
        """What was seen when the ground of an old approval was looked at again."""
        return next((event for event in self.events if isinstance(event, LookedAgain) and event.key == key), None)

    def intended(self, call_id: str) -> Intended | None:
        """By what leave a call began at last."""
        return next(
            (event for event in reversed(list(self.events)) if isinstance(event, Intended) and event.call.id == call_id), None
        )

    def tools(self) -> list[Tool]:
        """The tools that the run could call: those of its briefing, and those that came later or were not recorded there."""
        briefing = self.briefing
        found = {
            (tool.server, tool.tool): _tool(tool.server, tool.tool, tool.wire_name, tool.traits)
            for tool in (briefing.tools if briefing else ())
        }
        for made in (call for event in self.events if isinstance(event, Reasoned) for call in event.calls):
            if made.call is not None and made.call.server != OWN_SERVER:
                name = (made.call.server, made.call.tool)
                found.setdefault(name, _tool(*name, made.wire_name, self._traits(made.call.id)))
        return [replace(tool, description=self._description(tool)) for tool in found.values()]

    def _description(self, tool: Tool) -> str:
        """So much of it as has mattered: words of it that were found in arguments."""
        asked = (origin for event in self.events if isinstance(event, Asked) for origin in event.origins)
        return "\n".join(origin.words for origin in asked if origin.source == f"{DESCRIPTION}{tool.full_name}")

    def time_of(self, event: StreamEvent) -> datetime | None:
        """When the same thing happened in the run: the same question, answer or look."""
        return next((entry.at for entry in self.entries if _same(entry.event, event)), None)

    def _traits(self, call_id: str) -> ToolTraits:
        if intended := self.intended(call_id):
            return intended.traits
        returned = self.returned(call_id)
        return ToolTraits() if returned is None or returned.changes else ToolTraits(read_only=True)


def _reply(event: Reasoned) -> Reply:
    calls = (WireCall(name=call.wire_name, arguments=call.raw_arguments, extra=call.extra) for call in event.calls)
    return Reply(
        text=event.text,
        reasoning=event.reasoning,
        reasoning_key=event.reasoning_key,
        calls=tuple(calls),
        usage=event.usage,
        wasted=event.wasted,
    )


def _tool(server: str, name: str, wire_name: str, traits: ToolTraits) -> Tool:
    return Tool(server=server, name=name, wire_name=wire_name, description="", parameters={}, traits=traits)


def _same(recorded: StreamEvent, event: StreamEvent) -> bool:
    match recorded, event:
        case (Asked(), Asked()) | (Answered(), Answered()) | (LookedAgain(), LookedAgain()):
            return recorded.key == event.key
        case (Intended(), Intended()) | (Returned(), Returned()):
            return recorded.call.id == event.call.id
        case _:
            return False

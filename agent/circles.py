"""Notices when the model goes in circles: the same call, with the same result, again and again (R4.9)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from agent.journal import Journal
from blueprint.errors import ModelMisbehaved
from blueprint.policy import ToolCall
from blueprint.stream import Outcome, Reasoned, Returned, StreamEvent, Warned

NOTICED = 3
"""A call is named to the model when it was made so often, and each time so often again."""

MOST_NOTICES = 5
"""A model that makes the same call after so many words about it has gone astray."""

_ARGUMENT_CHARS = 200


@dataclass(frozen=True, kw_only=True)
class Circle:
    """A call that gave the same result `times` times, with nothing changed in between."""

    call: ToolCall
    times: int


async def notice_circles(journal: Journal) -> None:
    """Name the circles that the last results have closed, once each; ModelMisbehaved when naming them did not help."""
    for circle in closed_circles(journal.events):
        if circle.times > NOTICED * MOST_NOTICES:
            raise ModelMisbehaved(
                f"The model called {circle.call.name} {circle.times} times with the same arguments and the same result, "
                f"and went on after it was told so {MOST_NOTICES} times; try another model, or say in the Task when to stop."
            )
        text = _told(circle)
        if circle.times % NOTICED == 0 and not _is_told(text, journal.events):
            await journal.append(Warned(about="loop", limit=circle.times, text=text))


def closed_circles(events: Sequence[StreamEvent]) -> tuple[Circle, ...]:
    """Calls of the model's last answer that have given the same result at least NOTICED times.

    A call that changed something is a new beginning for all others: what they gave before says nothing any more.
    """
    latest = list(takewhile(lambda event: not isinstance(event, Reasoned), reversed(events)))
    returned = [event for event in reversed(latest) if isinstance(event, Returned) and event.call.server]
    found = [Circle(call=event.call, times=_times(event, events)) for event in returned]
    by_call = {circle.call.name + repr(circle.call.arguments): circle for circle in found if circle.times >= NOTICED}
    return tuple(by_call.values())


def _times(last: Returned, events: Sequence[StreamEvent]) -> int:
    """How often the call has given that result, back to when it gave another one or something else was changed."""
    times = 0
    for event in reversed(events):
        match event:
            case Returned() if _is_same(event.call, last.call):
                if _result(event) != _result(last):
                    break
                times += 1
            case Returned(changes=True) if event.outcome is not Outcome.NOT_DONE:
                break
            case _:
                pass
    return times


def _is_same(one: ToolCall, other: ToolCall) -> bool:
    return (one.server, one.tool, one.arguments) == (other.server, other.tool, other.arguments)


def _result(returned: Returned) -> tuple[object, ...]:
    return returned.outcome, returned.is_error, returned.size, returned.text


def _told(circle: Circle) -> str:
    arguments = json.dumps(circle.call.arguments, ensure_ascii=False)[:_ARGUMENT_CHARS]
    return (
        f"You have called {circle.call.name} {circle.times} times with {arguments}, and the result was the same each time. "
        "Another call will not give more: do something else, or call `conclude` with what you have."
    )


def _is_told(text: str, events: Sequence[StreamEvent]) -> bool:
    """Whether that was said since the last answer; the same words may have been right once before."""
    since = takewhile(lambda event: not isinstance(event, Reasoned), reversed(events))
    return any(isinstance(event, Warned) and event.text == text for event in since)

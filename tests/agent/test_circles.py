"""A model that goes in circles is told so by name, and ends its run when that does not help (R4.9)."""

from typing import Any

import pytest

from agent.circles import closed_circles, notice_circles
from agent.conversation import fold
from blueprint.errors import ModelMisbehaved
from blueprint.policy import ToolCall
from blueprint.stream import Outcome, Reasoned, Returned, StreamEvent, Warned
from tests.fakes.run import MemoryJournal


def _call(place: int, text: str = "93 %", *, tool: str = "disk", changes: bool = False, **arguments: Any) -> list[StreamEvent]:
    call = ToolCall(id=f"c{place:05d}000", server="host", tool=tool, arguments=arguments)
    return [Reasoned(text=""), Returned(call=call, outcome=Outcome.DONE, text=text, size=len(text), changes=changes)]


async def _told(journal: MemoryJournal, calls: int) -> list[str]:
    """What the model is told while it makes the same call so many times."""
    for place in range(calls):
        for event in _call(place, mount="/"):
            await journal.append(event)
        await notice_circles(journal)
        await notice_circles(journal)  # as after a restart
    return [event.text for event in journal.events if isinstance(event, Warned)]


async def test_the_third_same_call_with_the_same_result_is_named_to_the_model() -> None:
    journal = MemoryJournal()
    assert await _told(journal, 2) == []
    assert await _told(journal, 1) == [
        'You have called host.disk 3 times with {"mount": "/"}, and the result was the same each time. '
        "Another call will not give more: do something else, or call `conclude` with what you have."
    ]
    assert "host.disk 3 times" in fold(journal.events).messages[-1]["content"]


async def test_it_is_named_again_after_three_more() -> None:
    told = await _told(MemoryJournal(), 8)
    assert [text.split()[4] for text in told] == ["3", "6"]


async def test_a_model_that_goes_on_after_five_warnings_ends_its_run() -> None:
    journal = MemoryJournal()
    with pytest.raises(ModelMisbehaved, match=r"called host\.disk 16 times with the same arguments and the same result"):
        await _told(journal, 30)
    assert sum(isinstance(event, Warned) for event in journal.events) == 5


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([*_call(1), *_call(2), *_call(3, "94 %")], id="another result"),
        pytest.param([*_call(1, mount="/"), *_call(2, mount="/"), *_call(3, mount="/srv")], id="other arguments"),
        pytest.param([*_call(1), *_call(2), *_call(3, tool="restart", changes=True), *_call(4)], id="something was changed"),
        pytest.param([*_call(1), *_call(2), *_call(3), *_call(4, tool="memory")], id="the model went on by itself"),
    ],
)
def test_what_is_no_circle(events: list[StreamEvent]) -> None:
    assert closed_circles(events) == ()


def test_the_same_calls_in_turns_are_circles_too() -> None:
    events = [event for place in range(3) for tool in ("disk", "memory") for event in _call(place, tool=tool)]
    assert [(circle.call.name, circle.times) for circle in closed_circles(events)] == [("host.memory", 3)]


def test_a_call_that_changes_something_can_be_a_circle_of_its_own() -> None:
    events = [event for place in range(3) for event in _call(place, "restarted", tool="restart", changes=True)]
    assert [circle.times for circle in closed_circles(events)] == [3]

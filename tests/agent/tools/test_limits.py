"""Every call has a deadline and every result a size."""

import asyncio
from dataclasses import dataclass

import pytest

from agent.tools.limits import Limited
from agent.tools.toolset import ToolListing, ToolResult
from blueprint.policy import ToolCall
from blueprint.stream import Outcome

CALL = ToolCall(id="c00001000", server="host", tool="load", arguments={})


@dataclass
class OneAnswer:
    """A toolset that gives one answer, or none."""

    answer: ToolResult | None

    async def tools(self) -> ToolListing:
        return ToolListing(tools=())

    async def call(self, call: ToolCall) -> ToolResult:
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer


async def test_a_call_that_takes_too_long_is_given_up_with_an_unknown_outcome() -> None:
    result = await Limited(OneAnswer(None), max_result_chars=100, call_seconds=0.05).call(CALL)
    assert (result.is_error, result.outcome) == (True, Outcome.UNKNOWN)
    assert result.text.startswith("host.load did not answer within 0.05 s")


async def test_a_short_result_passes_with_its_size() -> None:
    answer = ToolResult(text="fine", structured={"load": 1})
    result = await Limited(OneAnswer(answer), max_result_chars=100, call_seconds=5).call(CALL)
    assert result == ToolResult(text="fine", structured={"load": 1}, size=4)


async def test_a_long_result_is_cut_and_keeps_the_size_of_the_whole() -> None:
    answer = ToolResult(text="x" * 1_000, structured={"x": 1}, size=5_000)
    result = await Limited(OneAnswer(answer), max_result_chars=200, call_seconds=5).call(CALL)
    assert (len(result.text) <= 200, result.size, result.structured) == (True, 5_000, None)
    assert "of 5,000 characters are left out" in result.text


async def test_cancelling_the_caller_is_not_taken_for_a_time_out() -> None:
    task = asyncio.create_task(Limited(OneAnswer(None), max_result_chars=100, call_seconds=60).call(CALL))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

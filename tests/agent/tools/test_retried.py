"""What only reads is called again when its server went away, and nothing else ever is (R2.8)."""

from collections.abc import Sequence

import pytest

from agent.tools.retried import Retried
from agent.tools.toolset import Tool, ToolListing, ToolResult
from blueprint.policy import ToolCall, ToolTraits
from blueprint.stream import Outcome

CALL = ToolCall(id="c00001000", server="host", tool="load", arguments={})
READS, CHANGES, REPEATS = ToolTraits(read_only=True), ToolTraits(destructive=True), ToolTraits(idempotent=True)
LOST = ToolResult(text="The connection was lost.", is_error=True, outcome=Outcome.UNKNOWN, seconds=2)
AWAY = ToolResult(text="The server can't be used.", is_error=True, outcome=Outcome.NOT_DONE)
GOOD = ToolResult(text="0.4", seconds=1)
WRONG = ToolResult(text="No such host.", is_error=True)


class Answers:
    """A toolset that gives these answers in turn."""

    def __init__(self, *answers: ToolResult) -> None:
        self.left = list(answers)

    async def tools(self) -> ToolListing:
        return ToolListing(tools=())

    async def call(self, call: ToolCall) -> ToolResult:
        return self.left.pop(0)


async def _call(
    answers: Sequence[ToolResult], traits: ToolTraits = READS, retries: int = 2
) -> tuple[ToolResult, int, list[float]]:
    """The result, how many answers were not asked for, and the pauses."""
    pauses = list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    tool = Tool(server="host", name="load", wire_name="host__load", description="", parameters={}, traits=traits)
    inner = Answers(*answers)
    result = await Retried(inner=inner, offered=[tool], retries=retries, pause=pause).call(CALL)
    return result, len(inner.left), pauses


async def test_a_read_whose_server_went_away_is_made_again_with_growing_pauses_until_it_answers() -> None:
    result, left, pauses = await _call([LOST, AWAY, LOST, GOOD, GOOD], retries=5)
    assert (result.text, result.seconds, left, pauses) == ("0.4", 5, 1, [1, 2, 4])


async def test_a_read_that_fails_each_time_says_how_often_it_was_tried() -> None:
    result, left, pauses = await _call([LOST] * 4)
    assert (result.text, left, pauses) == ("The connection was lost.\nIt was tried 3 times.", 1, [1, 2])
    assert (result.is_error, result.outcome, result.size) == (True, Outcome.UNKNOWN, len(result.text))


async def test_pauses_stay_bounded() -> None:
    _, _, pauses = await _call([LOST] * 11, retries=10)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]


@pytest.mark.parametrize("traits", [CHANGES, REPEATS, ToolTraits(), ToolTraits(read_only=True, destructive=True)])
async def test_what_may_change_something_is_never_made_again(traits: ToolTraits) -> None:
    assert await _call([LOST, GOOD], traits) == (LOST, 1, [])


@pytest.mark.parametrize("answer", [GOOD, WRONG, AWAY])
async def test_what_a_server_answers_and_what_was_surely_refused_stands(answer: ToolResult) -> None:
    assert await _call([answer, GOOD]) == (answer, 1, [])


async def test_a_task_may_forbid_retries() -> None:
    assert await _call([LOST, GOOD], retries=0) == (LOST, 1, [])

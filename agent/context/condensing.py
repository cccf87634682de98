"""Makes room in a conversation that fills the model's window: its first answers give way to a summary made by code (R4.5).

The system message and the task stay where they are, whole exchanges go, so that no call ever stands without its result,
and much goes at once, so that what is sent stays the same from its start for many steps: prompt caches live on that.
"""

from collections.abc import Iterator, Sequence

from agent.context.size import conversation_tokens, tools_tokens
from agent.context.summary import summary
from agent.conversation import Conversation, fold
from agent.journal import Journal
from agent.model.model import Message, ToolDeclaration
from agent.model.tokens import BYTES_PER_TOKEN, tokens_of
from blueprint.stream import Condensed, StreamEvent

FULL, ROOMY = 0.85, 0.5
"""A conversation that takes more than the first share of the window is condensed to about the second."""

_LOG_SHARE = 0.2
"""So much of what is aimed at may go into the list of earlier calls."""
_LEAST_RESULT_CHARS = 500
_WORTH_IT = 0.95


async def make_room(journal: Journal, tools: Sequence[ToolDeclaration], *, window: int) -> None:
    """To be called before each request; `window` is what the model takes, its answer left out, in tokens; 0: any amount.

    The journal gets the outcome as a step, so that a restart finds the same conversation.
    """
    if window and conversation_tokens(fold(journal.events), tools) > FULL * window:
        await _condense(journal, tools, target=int(ROOMY * window))


async def make_more_room(journal: Journal, tools: Sequence[ToolDeclaration]) -> bool:
    """For a model that takes less than was thought: halve the conversation; False when nothing can go any more."""
    return await _condense(journal, tools, target=conversation_tokens(fold(journal.events), tools) // 2)


async def _condense(journal: Journal, tools: Sequence[ToolDeclaration], *, target: int) -> bool:
    event = condensed(journal.events, tools, target=target)
    if event is None:
        return False
    await journal.append(event)
    return True


def condensed(events: Sequence[StreamEvent], tools: Sequence[ToolDeclaration], *, target: int) -> Condensed | None:
    """What brings the conversation near `target` tokens; None when too little would be won by it.

    The last exchange always stays; when it is too large by itself, its results are cut, which `read_result` gives whole.
    """
    state = fold(events)
    if not state.exchanges:
        return None
    before, log_tokens = conversation_tokens(state, tools), int(_LOG_SHARE * target)
    word_for_word = tokens_of(summary(events, answers=state.answers, log_chars=0))
    room = target - tokens_of(_bare(state)) - tools_tokens(tools) - log_tokens - word_for_word
    kept = max(1, _fitting(state.exchanges, room))
    event = Condensed(
        answers=state.answers - kept,
        text=summary(events, answers=state.answers - kept, log_chars=int(log_tokens * BYTES_PER_TOKEN)),
        result_chars=_result_chars(state.exchanges[-kept:], room),
        tokens_before=before,
    )
    after = conversation_tokens(fold([*events, event]), tools)
    return event.model_copy(update={"tokens_after": after}) if after < _WORTH_IT * before else None


def _bare(state: Conversation) -> list[Message]:
    """The opening, without what stands for earlier answers."""
    return [state.opening[0], {"role": "user", "content": state.task}]


def _fitting(exchanges: Sequence[Sequence[Message]], room: int) -> int:
    """How many of the last exchanges fit."""
    fitting = 0
    for size in map(tokens_of, reversed(exchanges)):
        room -= size
        if room < 0:
            break
        fitting += 1
    return fitting


def _result_chars(exchanges: Sequence[Sequence[Message]], room: int) -> int:
    """0 when the results can stay whole, else how long each may be so that all of them fit."""
    if sum(map(tokens_of, exchanges)) <= room:
        return 0
    results = list(_results(exchanges))
    rest = sum(map(tokens_of, exchanges)) - sum(map(tokens_of, results))
    share = (room - rest) * BYTES_PER_TOKEN / max(1, len(results))
    return max(_LEAST_RESULT_CHARS, int(share))


def _results(exchanges: Sequence[Sequence[Message]]) -> Iterator[Message]:
    return (message for exchange in exchanges for message in exchange if message["role"] == "tool")

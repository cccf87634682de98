"""The model's own tools for large results: read on in one, find words in one (R4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from pydantic import Field, ValidationError

from agent.results.pages import find_in, page_of
from agent.results.results import Page, Results
from agent.tools.toolset import ToolResult
from blueprint.policy import ToolCall
from blueprint.problems import explain
from blueprint.stream import Outcome, Returned, StreamEvent
from blueprint.values import Value

READ_RESULT, SEARCH_RESULT = "read_result", "search_result"

MOST_MATCHES = 10
_MOST_NAMED = 10


class ReadResult(Value):
    """A piece of an earlier result."""

    call: str = Field(min_length=1, max_length=40, description="Id of the call whose result is read, e.g. 'c00020001'.")
    position: int = Field(default=0, ge=0, description="Where to begin, in bytes; 0: at the start.")


class SearchResult(Value):
    """Words in an earlier result."""

    call: str = Field(min_length=1, max_length=40, description="Id of the call whose result is searched, e.g. 'c00020001'.")
    words: str = Field(min_length=1, max_length=200, description="What to find, as it stands there; the case does not matter.")
    position: int = Field(default=0, ge=0, description="Where to begin, in bytes; 0: at the start.")


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Answers calls of these tools from the results of one run: those that are kept whole, and those in its journal."""

    results: Results | None
    view_chars: int

    async def answer(self, call: ToolCall, events: Sequence[StreamEvent]) -> ToolResult:
        """What is asked for, bounded; an error result, NOT_DONE, when the call does not fit or the result is not at hand."""
        try:
            wanted = (ReadResult if call.tool == READ_RESULT else SearchResult).model_validate(call.arguments)
        except ValidationError as error:
            return _refused(f"The arguments of {call.tool!r} do not fit: " + " ".join(map(str, explain(error))))
        returned = next((one for one in events if isinstance(one, Returned) and one.call.id == wanted.call), None)
        if returned is None:
            return _refused(f"There is no result of a call {wanted.call!r}; the last ones are: {_latest(events)}.")
        try:
            text = await (self._read(returned, wanted) if isinstance(wanted, ReadResult) else self._search(returned, wanted))
        except OSError:
            return _refused(f"The whole result of call {wanted.call} can't be read from here; only what you were shown is left.")
        return ToolResult(text=text, size=len(text))

    async def _read(self, returned: Returned, wanted: ReadResult) -> str:
        if returned.kept and self.results:
            page = await self.results.page(returned.kept, wanted.position, self.view_chars)
        else:
            page = page_of(_held(returned), wanted.position, self.view_chars)
        more = f"; read on at position {page.end}" if page.end < page.size else "; this is the end"
        return (
            f"Bytes {page.position:,} to {page.end:,} of {page.size:,} of the result of call {wanted.call}{more}.\n\n{page.text}"
        )

    async def _search(self, returned: Returned, wanted: SearchResult) -> str:
        if returned.kept and self.results:
            found = await self.results.find(returned.kept, wanted.words, wanted.position, MOST_MATCHES)
        else:
            found = find_in(_held(returned), wanted.words, wanted.position, MOST_MATCHES)
        where = f"from byte {wanted.position:,} on in the result of call {wanted.call}"
        if not found:
            return f"{wanted.words!r} does not stand {where}."
        more = f" There may be more: search on at position {found[-1].position + 1}." if len(found) == MOST_MATCHES else ""
        return f"{wanted.words!r} was found {len(found)} times {where}.{more}\n" + "".join(map(_match, found))


def _held(returned: Returned) -> BytesIO:
    return BytesIO(returned.text.encode("utf-8", "replace"))


def _match(page: Page) -> str:
    return f"\nAt byte {page.position}:\n{page.text}\n"


def _latest(events: Sequence[StreamEvent]) -> str:
    ids = [event.call.id for event in events if isinstance(event, Returned)]
    return ", ".join(ids[-_MOST_NAMED:]) or "none"


def _refused(text: str) -> ToolResult:
    return ToolResult(text=text, is_error=True, outcome=Outcome.NOT_DONE, size=len(text))

"""Keeps results that are too large to be read at once, and gives the model a bounded view of them (R4.4)."""

import logging
from dataclasses import dataclass, replace

from agent.results.results import Results
from agent.tools.toolset import ToolListing, ToolResult, Toolset
from blueprint.policy import ToolCall

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Kept(Toolset):
    """A Toolset over `inner`: a text of more than `view_chars`, and every file, is kept whole once; `size` stays that of all."""

    inner: Toolset
    results: Results
    view_chars: int

    async def tools(self) -> ToolListing:
        """The tools of `inner`."""
        return await self.inner.tools()

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of `inner`, with a view in the place of a long text; what can't be kept is shown as far as that goes."""
        result = await self.inner.call(call)
        try:
            return await self._kept(call, result)
        except OSError as error:
            logger.exception("A result of %s could not be kept.", call.name)
            problem = f"They could not be kept: {error.strerror or 'the disk refused them'}."
            return self._view(replace(result, attachments=()), problem)

    async def _kept(self, call: ToolCall, result: ToolResult) -> ToolResult:
        files = [await self.results.keep_file(call.id, one.mime_type, one.content()) for one in result.attachments]
        kept = replace(result, files=tuple(files), attachments=())
        if len(result.text) <= self.view_chars:
            return replace(kept, size=max(result.size, len(result.text)))
        place = await self.results.keep_text(call.id, result.text)
        return self._view(replace(kept, kept=place), _HINT.format(id=call.id))

    def _view(self, result: ToolResult, hint: str) -> ToolResult:
        """What is too long to be read whole is too long to be in the journal as text, and as JSON once more."""
        size = max(result.size, len(result.text))
        if len(result.text) <= self.view_chars:
            return replace(result, size=size)
        return replace(result, text=view(result.text, self.view_chars, hint), structured=None, size=size)


_HINT = "`read_result` with call '{id}' and that position reads on, `search_result` finds words in the whole."


def view(text: str, chars: int, hint: str) -> str:
    """A long text in at most `chars` characters: mostly its start, some of its end, and words between them about the gap."""
    room = chars - _GAP_CHARS - len(hint)
    head, tail = text[: room * 3 // 4], text[len(text) - room // 4 :]
    left_out = len(text) - len(head) - len(tail)
    gap = f"[... {left_out:,} of {len(text):,} characters are left out here, from position {len(head.encode())} on. {hint} ...]"
    return f"{head}\n{gap}\n{tail}"


_GAP_CHARS = 120

"""The tools that a run offers to its model: those of its servers that its Task may use, as they are now (R4.10)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

from agent.tools.toolset import Tool, ToolListing
from blueprint.policy import ToolTraits


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a new list brought, as full names."""

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """A sentence for the model, empty when nothing has changed."""
        told = [("gone", self.gone), ("new", self.new)]
        said = "; ".join(f"{word}: {', '.join(names)}" for word, names in told if names)
        return f"The tools of this run have changed. {said[:1].upper()}{said[1:]}." if said else ""


class Offer(Sequence[Tool]):
    """A list that many hold and one keeps up to date; `may_use` is the Task's part in it."""

    def __init__(self, tools: Sequence[Tool], may_use: Callable[[Tool], bool] = lambda _: True) -> None:
        self._may_use = may_use
        self._tools = [tool for tool in tools if may_use(tool)]

    def take(self, listing: ToolListing) -> Change:
        """Offer what the servers list now; the tools of a server that can't be asked stay.

        A tool that tells of itself something else than before in the same run is not believed: it counts as one that
        tells nothing, so that people are asked (R5.2).
        """
        before = {tool.full_name: tool for tool in self._tools}
        kept = [tool for tool in self._tools if tool.server in listing.failures]
        listed = [
            _believed(tool, before) for tool in listing.tools if self._may_use(tool) and tool.server not in listing.failures
        ]
        self._tools = [*kept, *listed]
        now = {tool.full_name for tool in self._tools}
        return Change(gone=tuple(sorted(before.keys() - now)), new=tuple(sorted(now - before.keys())))

    @overload
    def __getitem__(self, index: int) -> Tool: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tool]: ...
    def __getitem__(self, index: int | slice) -> Tool | Sequence[Tool]:
        return self._tools[index]

    def __len__(self) -> int:
        return len(self._tools)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools)


def _believed(tool: Tool, before: Mapping[str, Tool]) -> Tool:
    known = before.get(tool.full_name)
    return tool if known is None or known.traits == tool.traits else replace(tool, traits=ToolTraits())

"""Sums up what the model has used of tokens and money (R4.5). Pure."""

from collections.abc import Iterable

from blueprint.stream import Reasoned, StreamEvent, Usage, Wasted


def spent(events: Iterable[StreamEvent]) -> Usage:
    """All of it: the answers that a run is made of, and what was paid for without one."""
    return sum((event.usage for event in events if isinstance(event, Reasoned | Wasted)), Usage())

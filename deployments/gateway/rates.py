"""How often a source may send: a bucket of tokens for each that fills by itself."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(kw_only=True)
class Rates:
    """So many requests a second on average, for each source by itself, and so many at once."""

    per_second: float = 200.0
    at_once: float = 400.0
    clock: Callable[[], float] = monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    def wait(self, source: str) -> int:
        """0 when the source may send now, which is counted; else the whole seconds after which it may."""
        now = self.clock()
        left, since = self._left.get(source, (self.at_once, now))
        left = min(self.at_once, left + (now - since) * self.per_second)
        is_allowed = left >= 1
        self._left[source] = (left - 1 if is_allowed else left, now)
        return 0 if is_allowed else max(1, math.ceil((1 - left) / self.per_second))

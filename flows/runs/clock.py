"""Tells how long a run has been at work, over all its processes; waits for people do not count (R4.6)."""

import asyncio
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class WorkClock:
    """How long a run has been at work: `before` by its lease, when this process looked at the loop's time `began`."""

    before: float
    began: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """The clock of a process that begins now, where earlier ones have worked for so long."""
        return cls(before=seconds, began=asyncio.get_running_loop().time())

    def seconds(self) -> float:
        """So far, over all executions."""
        return self.before + asyncio.get_running_loop().time() - self.began

    def moment_of(self, seconds: float) -> float:
        """The loop's time at which the run will have been at work for so long; now when it has already."""
        return max(asyncio.get_running_loop().time(), self.began + seconds - self.before)

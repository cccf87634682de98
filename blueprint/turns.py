"""Whose turn it is at a busy Task: which fires of the queue start now, and which runs make room for them (R2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from blueprint.plan import Strategy, WhenBusy
from blueprint.records import QueuedFire, RunRecord


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What is to happen at one Task now. Doing it twice, or finding it half done, gives the same in the end."""

    start: tuple[QueuedFire, ...] = ()
    """Their turn has come, the first in the queue first."""
    cancel: tuple[RunRecord, ...] = ()
    """Runs that newer fires take the place of."""
    drop: tuple[QueuedFire, ...] = ()
    """Fires that newer ones take the place of before they began."""


def take_turns(strategy: Strategy, running: Sequence[RunRecord], queue: Sequence[QueuedFire]) -> Turns:
    """Decide from the runs that are not over, and the queue in the order in which its fires came.

    The queue may have been read before the runs: what has begun since is a run and no longer waits, and makes no room for itself.
    """
    allowed, begun = strategy.concurrency, {run.id for run in running}
    waiting = [fire for fire in queue if fire.run_id not in begun]
    newest = tuple(waiting[-allowed:]) if strategy.when_busy is WhenBusy.CANCEL_OLDER else tuple(waiting)
    dropped = tuple(waiting[: len(waiting) - len(newest)])
    free = max(0, allowed - len(running))
    if strategy.when_busy is not WhenBusy.CANCEL_OLDER:
        return Turns(start=newest[:free])
    older = [run for run in running if newest and run.started_at <= newest[-1].at]
    oldest = sorted(older, key=lambda run: (run.started_at, run.id))
    too_many = max(0, len(running) + len(newest) - allowed) if newest else 0
    return Turns(start=newest[:free], cancel=tuple(oldest[:too_many]), drop=dropped)

"""Forecasts what a plan will cost and where its Tasks will meet: runs, tokens, money, overlaps (R2.4)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain

from blueprint.plan import Blueprint, Task
from blueprint.records import RunRecord
from blueprint.triggers import Manual
from reports.schedule import Forecast

DAYS_A_MONTH = 30
ASSUMED_SECONDS = 300.0
"""How long a run is taken to last while there is none to learn from."""
MOST_STARTS = 10_000
"""So many starts are looked at for overlaps: a week of five Tasks that start every 5 minutes."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What a million tokens cost at the employee's model; 0 where that is not counted."""

    million_input: float = 0
    million_output: float = 0

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """The cost of so many tokens."""
        return (input_tokens * self.million_input + output_tokens * self.million_output) / 1_000_000


@dataclass(frozen=True, kw_only=True)
class Experience:
    """What a Task's past runs used, on average."""

    runs: int
    input_tokens: float
    output_tokens: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TaskLoad:
    """What one Task will use in a month; `is_bound`: no run is known, and this is the most that its budget allows."""

    task: str
    runs_a_day: float | None
    runs_known: int
    seconds: float
    tokens: float
    cost: float
    is_bound: bool


@dataclass(frozen=True, kw_only=True)
class Overlaps:
    """Where Tasks meet within `days`: pairs of Tasks with how often, a Task with itself, and the most runs at one time."""

    days: float
    pairs: tuple[tuple[str, str, int], ...]
    with_itself: tuple[tuple[str, int], ...]
    most: int
    most_at: datetime | None


def experience(runs: Sequence[RunRecord]) -> Experience | None:
    """What runs that are over used, on average; None while there is no such run."""
    over = [run for run in runs if run.ended_at is not None and run.usage.input_tokens + run.usage.output_tokens > 0]
    if not over:
        return None
    return Experience(
        runs=len(over),
        input_tokens=sum(run.usage.input_tokens for run in over) / len(over),
        output_tokens=sum(run.usage.output_tokens for run in over) / len(over),
        seconds=sum(run.running_seconds for run in over) / len(over),
    )


def runs_a_day(plan: Blueprint, forecasts: Mapping[str, Forecast]) -> dict[str, float | None]:
    """How often each Task runs; one that only follows others runs at most as often as the rarest of them (R2.6)."""
    found: dict[str, float | None] = {}

    def rate(task: Task) -> float | None:
        if task.name not in found:
            found[task.name] = None  # a circle, which verification names, ends here
            found[task.name] = _rarest(task) if _only_follows(task) else forecasts[task.name].runs_a_day
        return found[task.name]

    def _rarest(task: Task) -> float | None:
        rates = [rate(upstream) for name in task.after if (upstream := plan.task(name))]
        known = [one for one in rates if one is not None]
        return min(known) if known and len(known) == len(task.after) else None

    for task in plan.tasks:
        rate(task)
    return found


def _only_follows(task: Task) -> bool:
    return bool(task.after) and isinstance(task.trigger, Manual)


def task_loads(
    plan: Blueprint, rates: Mapping[str, float | None], past: Mapping[str, Experience], prices: Prices
) -> tuple[TaskLoad, ...]:
    """What each Task will use in a month, from its past runs, else from its token budget as the most."""
    return tuple(_load(task, rates[task.name], past.get(task.name), prices) for task in plan.tasks)


def _load(task: Task, rate: float | None, known: Experience | None, prices: Prices) -> TaskLoad:
    runs = (rate or 0) * DAYS_A_MONTH
    budget = float(task.strategy.token_budget)
    dearest = budget * max(prices.million_input, prices.million_output) / 1_000_000
    most = min(dearest, task.strategy.cost_budget or dearest)
    return TaskLoad(
        task=task.name,
        runs_a_day=rate,
        runs_known=known.runs if known else 0,
        seconds=known.seconds if known else 0,
        tokens=runs * (known.input_tokens + known.output_tokens if known else budget),
        cost=runs * (prices.of(known.input_tokens, known.output_tokens) if known else most),
        is_bound=known is None,
    )


def overlaps(plan: Blueprint, forecasts: Mapping[str, Forecast], past: Mapping[str, Experience]) -> Overlaps:
    """Which Tasks will run at the same time in the coming week, by their timers and how long their runs last."""
    lasts = {
        task.name: timedelta(seconds=past[task.name].seconds if task.name in past else ASSUMED_SECONDS) for task in plan.tasks
    }
    starts = sorted(chain.from_iterable(((at, name) for at in outlook.week) for name, outlook in forecasts.items()))
    seen = starts[:MOST_STARTS]
    pairs, most, most_at = _meetings(seen, lasts, {task.name: task.strategy.concurrency for task in plan.tasks})
    return Overlaps(
        days=7 if len(seen) == len(starts) else (seen[-1][0] - seen[0][0]) / timedelta(days=1),
        pairs=tuple((one, other, often) for (one, other), often in pairs.most_common() if one != other),
        with_itself=tuple((one, often) for (one, other), often in pairs.most_common() if one == other),
        most=most,
        most_at=most_at,
    )


def _meetings(
    starts: Sequence[tuple[datetime, str]], lasts: Mapping[str, timedelta], limits: Mapping[str, int]
) -> tuple[Counter[tuple[str, str]], int, datetime | None]:
    """How often each two Tasks meet, and the most runs at one time with its first moment.

    A start that finds as many runs of its own Task as are allowed meets itself, and starts nothing.
    """
    running: list[tuple[datetime, str]] = []
    pairs, most, most_at = Counter[tuple[str, str]](), 0, None
    for at, name in starts:
        while running and running[0][0] <= at:
            heappop(running)
        others = Counter(other for _, other in running)
        if others.pop(name, 0) >= limits[name]:
            pairs[name, name] += 1
            continue
        pairs.update((min(name, other), max(name, other)) for other in others)
        heappush(running, (at + lasts[name], name))
        if len(running) > most:
            most, most_at = len(running), at
    return pairs, most, most_at

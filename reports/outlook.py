"""Words a plan's forecast for the review page: runs, tokens and money a month, and what will run at the same time (R2.4)."""

from collections.abc import Mapping, Sequence

from blueprint.plan import Blueprint, WhenBusy
from reports.load import ASSUMED_SECONDS, DAYS_A_MONTH, Experience, Overlaps, Prices, TaskLoad, overlaps, runs_a_day, task_loads
from reports.schedule import Forecast
from reports.times import duration, minute

_MOST_PAIRS = 5
_BUSY = {
    WhenBusy.SKIP: "that start is skipped",
    WhenBusy.QUEUE: "that start waits its turn",
    WhenBusy.CANCEL_OLDER: "the older run is cancelled",
}


def outlook_of(
    plan: Blueprint, forecasts: Mapping[str, Forecast], past: Mapping[str, Experience], prices: Prices, timezone: str
) -> dict[str, object]:
    """What the template `outlook.md.j2` shows."""
    loads = task_loads(plan, runs_a_day(plan, forecasts), past, prices)
    has_price = prices.million_input > 0 or prices.million_output > 0
    return {
        "rows": [_row(load) for load in loads],
        "total": _total(loads),
        "has_price": has_price,
        "has_bounds": any(load.is_bound and load.tokens for load in loads),
        "meetings": _meetings(plan, overlaps(plan, forecasts, past), timezone),
        "assumed": duration(ASSUMED_SECONDS) if any(not load.runs_known and load.runs_a_day for load in loads) else "",
        "days": DAYS_A_MONTH,
    }


def _row(load: TaskLoad) -> dict[str, str]:
    is_known = load.runs_a_day is not None
    return {
        "task": load.task,
        "runs_a_day": count(load.runs_a_day) if load.runs_a_day is not None else "",
        "lasts": duration(load.seconds) if load.runs_known else "",
        "tokens": _most(load, _tokens(load.tokens)) if is_known else "",
        "cost": _most(load, f"{load.cost:,.2f}") if is_known else "",
        "from": _source(load.runs_known) if is_known else "",
    }


def _source(runs_known: int) -> str:
    if runs_known == 0:
        return "no run yet: its token budget"
    return "its last run" if runs_known == 1 else f"its last {runs_known} runs"


def _tokens(number: float) -> str:
    """`12,000`, `1.4 million`: nobody reads nine digits."""
    return f"{number:,.0f}" if number < 1_000_000 else f"{count(number / 1_000_000)} million"


def _most(load: TaskLoad, figure: str) -> str:
    return f"at most {figure}" if load.is_bound else figure


def _total(loads: Sequence[TaskLoad]) -> dict[str, str]:
    bound = "at most " if any(load.is_bound and load.tokens for load in loads) else ""
    return {
        "runs_a_day": count(sum(load.runs_a_day or 0 for load in loads)),
        "tokens": bound + _tokens(sum(load.tokens for load in loads)),
        "cost": f"{bound}{sum(load.cost for load in loads):,.2f}",
    }


def count(number: float) -> str:
    """A count with at most one digit after the point."""
    return f"{number:,.1f}".removesuffix(".0")


def _meetings(plan: Blueprint, found: Overlaps, timezone: str) -> list[str]:
    """Sentences about Tasks that run at the same time, the most frequent first; empty when none do."""
    within = "a week" if found.days == 7 else f"in {count(found.days)} days"
    told = [_meets_itself(plan, name, often, within) for name, often in found.with_itself]
    told += [_meet(one, other, often, within) for one, other, often in found.pairs[:_MOST_PAIRS]]
    if (more := len(found.pairs) - _MOST_PAIRS) > 0:
        told.append(f"{more} more pairs of Tasks meet less often.")
    if found.most > 1 and found.most_at is not None:
        told.append(f"At most {found.most} run at the same time, first on {minute(found.most_at, timezone)}.")
    return told


def _meets_itself(plan: Blueprint, name: str, often: int, within: str) -> str:
    task = plan.task(name)
    assert task is not None, "overlaps speak of the plan's Tasks"
    return f"`{name}` starts {_times(often)} {within} while earlier runs are still at work: {_BUSY[task.strategy.when_busy]}."


def _meet(one: str, other: str, often: int, within: str) -> str:
    return f"`{one}` and `{other}` run at the same time {_times(often)} {within}."


def _times(often: int) -> str:
    return "once" if often == 1 else f"{often:,} times"

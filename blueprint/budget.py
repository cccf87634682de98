"""What a run may use of steps, tokens, money and time, and how far it has come (R4.6, R4.9). Pure."""

from dataclasses import dataclass
from enum import StrEnum

TOLD_AT = 0.8
"""When so much of a budget is used, the model is told."""

_LEAST_TIME = 0.01
"""A step takes at least so much of the time limit: a person is asked while there is time left to ask."""


class Measure(StrEnum):
    """What is counted; the time at work is in seconds, the cost in the currency of the endpoint's price."""

    STEPS = "steps"
    TOKENS = "tokens"
    COST = "cost"
    TIME = "time"


SETTINGS = {
    Measure.STEPS: "step_limit",
    Measure.TOKENS: "token_budget",
    Measure.COST: "cost_budget",
    Measure.TIME: "time_limit_minutes",
}
"""Where in a Task's strategy each is set."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """So much of each measure; as limits, 0 means none."""

    steps: float = 0
    tokens: float = 0
    cost: float = 0
    time: float = 0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One budget of a run: `planned` by its plan, `limit` with what people have allowed since.

    `next_step` is what the next step will probably use.
    """

    measure: Measure
    planned: float
    limit: float
    used: float
    next_step: float

    @property
    def is_running_low(self) -> bool:
        """Whether the model is to come to an end."""
        return self.used >= TOLD_AT * self.limit

    @property
    def is_used_up(self) -> bool:
        """Whether the next step would go beyond the limit."""
        return self.used + self.next_step > self.limit

    @property
    def further(self) -> float:
        """What a person is asked for: as much again as was planned, and no less than two steps need."""
        return max(self.planned, 2 * self.next_step)


def budgets(*, planned: Amounts, allowed: Amounts, used: Amounts, last_step: Amounts) -> tuple[Budget, ...]:
    """The budgets that are limited. `allowed` are the limits that people have raised, 0 where they have not."""
    given = (planned, allowed, used, last_step)
    return tuple(
        _budget(measure, *(getattr(one, measure) for one in given)) for measure in Measure if getattr(planned, measure) > 0
    )


def _budget(measure: Measure, planned: float, allowed: float, used: float, last_step: float) -> Budget:
    limit = allowed or planned
    next_step = max(last_step, _LEAST_TIME * limit) if measure is Measure.TIME else last_step
    return Budget(measure=measure, planned=planned, limit=limit, used=used, next_step=next_step)


def in_words(measure: Measure, amount: float) -> str:
    """'60 steps', '500,000 tokens', '2.50 in cost', '180 minutes'."""
    match measure:
        case Measure.COST:
            return f"{amount:,.2f} in cost"
        case Measure.TIME:
            minutes = amount / 60
            return f"{minutes:,.0f} minutes" if minutes >= 2 else f"{amount:,.0f} seconds"
        case Measure.STEPS | Measure.TOKENS:
            return f"{amount:,.0f} {measure}"


def share_in_words(budget: Budget) -> str:
    """'48 of 60 steps', '0.90 of 1.00 in cost'."""
    used, _, _ = in_words(budget.measure, budget.used).partition(" ")
    if budget.measure is Measure.TIME:
        return f"{in_words(budget.measure, budget.used)} of {in_words(budget.measure, budget.limit)}"
    return f"{used} of {in_words(budget.measure, budget.limit)}"

"""Budgets: when a run is told that one runs low, and when a person is asked for more (R4.6, R4.9)."""

import pytest

from blueprint.budget import Amounts, Budget, Measure, budgets, in_words
from blueprint.plan import Strategy


def _one(used: float, *, limit: float = 100, next_step: float = 0, planned: float = 100) -> Budget:
    return Budget(measure=Measure.TOKENS, planned=planned, limit=limit, used=used, next_step=next_step)


@pytest.mark.parametrize(
    ("budget", "is_low", "is_used_up"),
    [
        pytest.param(_one(79), False, False, id="plenty"),
        pytest.param(_one(80), True, False, id="four fifths"),
        pytest.param(_one(80, next_step=20), True, False, id="the next step just fits"),
        pytest.param(_one(80, next_step=21), True, True, id="the next step does not fit"),
        pytest.param(_one(101), True, True, id="one step was larger than thought"),
        pytest.param(_one(101, limit=200), False, False, id="a person allowed more"),
    ],
)
def test_a_budget_runs_low_at_four_fifths_and_is_used_up_when_the_next_step_does_not_fit(
    budget: Budget, is_low: bool, is_used_up: bool
) -> None:
    assert (budget.is_running_low, budget.is_used_up) == (is_low, is_used_up)


def test_only_what_is_limited_is_a_budget() -> None:
    planned = Amounts(steps=60, tokens=500_000, time=10_800)
    found = budgets(planned=planned, allowed=Amounts(tokens=800_000), used=Amounts(steps=3, cost=9), last_step=Amounts(steps=1))
    assert [(one.measure, one.limit, one.used, one.next_step) for one in found] == [
        (Measure.STEPS, 60, 3, 1),
        (Measure.TOKENS, 800_000, 0, 0),
        (Measure.TIME, 10_800, 0, 108),
    ]


def test_more_is_as_much_again_and_enough_for_two_steps() -> None:
    assert (_one(90, next_step=20).further, _one(1_000, next_step=900).further) == (100, 1_800)


@pytest.mark.parametrize(
    ("measure", "amount", "words"),
    [
        (Measure.STEPS, 60, "60 steps"),
        (Measure.TOKENS, 500_000, "500,000 tokens"),
        (Measure.COST, 2.5, "2.50 in cost"),
        (Measure.TIME, 10_800, "180 minutes"),
        (Measure.TIME, 60, "60 seconds"),
    ],
)
def test_amounts_have_their_words(measure: Measure, amount: float, words: str) -> None:
    assert in_words(measure, amount) == words


def test_a_plan_without_a_budget_of_cost_reads_and_hashes_as_before_there_was_one() -> None:
    assert "cost_budget" not in Strategy().model_dump(mode="json")
    assert Strategy(cost_budget=2).model_dump(mode="json")["cost_budget"] == 2

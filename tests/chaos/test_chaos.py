"""A short trial of `make chaos` with the same checks, and the page in docs that keeps what a long one printed."""

from pathlib import Path

import pytest

from tests.chaos.checks import check
from tests.chaos.evidence import Seen
from tests.chaos.table import guarantees_table
from tests.chaos.trial import Plan, hold_trial

DOC = Path(__file__).parents[2] / "docs" / "guarantees.md"
SHORT = Plan(seed=3, kills=15, seconds=60, rest_seconds=400, crowd=3)


@pytest.mark.timeout(900)
async def test_whatever_is_killed_nothing_is_lost_and_nothing_happens_twice() -> None:
    said: list[str] = []
    result = await hold_trial(SHORT, said.append)
    broken = [str(place) for guarantee in check(result.seen) for place in guarantee.broken]
    assert broken == [], "\n".join(said)
    assert sum(result.killed.values()) > 0
    assert len(result.seen.runs) >= SHORT.crowd


def test_the_page_of_guarantees_holds_what_a_trial_printed() -> None:
    printed = guarantees_table(check(Seen(runs=[], effects={}, calls={}, given=[])))
    kept = [line for line in DOC.read_text().splitlines() if line.startswith("|")]
    kept = kept[kept.index(printed[0]) :]
    assert [line.split("|")[1] for line in kept] == [line.split("|")[1] for line in printed]
    assert all(line.split("|")[3].strip().isdigit() for line in kept[2:])

"""The command behind `make chaos`: holds one trial and prints its tables; exit code 1 when a guarantee was broken."""

import argparse
import asyncio
import logging
import sys
from time import monotonic

from benchmarks.machine import machine_line
from tests.chaos.checks import Guarantee, check
from tests.chaos.table import guarantees_table, kills_table
from tests.chaos.trial import Plan, Result, hold_trial

_KILLING, _RESTING = 0.7, 0.25
"""Shares of the minutes for killing and, at most, for coming to rest; the remainder is for coming up and looking."""


def main() -> int:
    """Hold the trial that the command line asks for."""
    logging.disable(logging.CRITICAL)  # what is killed complains
    plan = _plan()
    began = monotonic()
    result = asyncio.run(hold_trial(plan, lambda line: print(f"[{monotonic() - began:5.0f} s] {line}", flush=True)))
    guarantees = check(result.seen)
    print("\n".join(["", *_page(plan, result, guarantees)]))
    broken = [place for guarantee in guarantees for place in guarantee.broken]
    for place in broken:
        print(f"BROKEN: {place}", file=sys.stderr)
    if broken:
        print(f"Again: .venv/bin/python -m tests.chaos {' '.join(sys.argv[1:])}", file=sys.stderr)
    return 1 if broken else 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=20, help="how long it may take, coming to rest included")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--everything", type=int, default=2, help="how often the whole installation is killed and started again")
    parser.add_argument("--crowd", type=int, default=10, help="how many runs are under way at once")
    given = parser.parse_args()
    seconds = given.minutes * 60
    return Plan(
        seed=given.seed,
        kills=given.kills,
        seconds=seconds * _KILLING,
        rest_seconds=seconds * _RESTING,
        everything=given.everything,
        crowd=given.crowd,
    )


def _page(plan: Plan, result: Result, guarantees: list[Guarantee]) -> list[str]:
    took = f"{machine_line()}, seed {plan.seed}, {result.seconds / 60:.1f} minutes"
    return [took, "", *kills_table(result.killed), "", *guarantees_table(guarantees)]


if __name__ == "__main__":
    sys.exit(main())
